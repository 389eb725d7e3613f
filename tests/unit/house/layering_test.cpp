// The layers, kept by a test: this tree obeys the table in include_rules.cpp, and trees that do not are found out.
#include <boost/test/unit_test.hpp>
#include <string>

#include "include_rules.hpp"
#include "source_tree.hpp"

using myelin::house::check_includes;
using myelin::house::find_unbuilt_sources;
using myelin::house::SourceTree;
using myelin::house::Violation;

namespace {

std::size_t violations_of(const std::string& file, const std::string& include) {
  const SourceTree tree;
  tree.write(file, "// A comment may say #include <caf/all.hpp>.\n#include <vector>\n#include " + include + "\n");
  const auto violations = check_includes(tree.root());
  for (const Violation& violation : violations) {
    BOOST_TEST(violation.file == file);
    BOOST_TEST(violation.line == 3);
    BOOST_TEST(!violation.reason.empty());
  }
  return violations.size();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(layering)

BOOST_AUTO_TEST_CASE(this_tree_obeys_the_table) {
  int files = 0;
  for (const Violation& violation : check_includes(MYELIN_SOURCE_DIR, &files)) {
    BOOST_ERROR(violation.file << ":" << violation.line << ": #include of " << violation.include << ": "
                               << violation.reason);
  }
  BOOST_TEST(files > 1);
}

BOOST_AUTO_TEST_CASE(every_source_of_this_tree_is_built) {
  for (const std::string& file : find_unbuilt_sources(MYELIN_SOURCE_DIR)) {
    BOOST_ERROR(file << ": no CMakeLists.txt names it");
  }
}

BOOST_AUTO_TEST_CASE(includes_against_the_layers_are_found) {
  // One row a rule: where, and what must not be there.
  const std::pair<const char*, const char*> wrong[] = {
      {"serialization/base/src/a.cpp", "<fmt/format.h>"},
      {"serialization/base/include/myelin/base/a.hpp", "<capnp/message.h>"},
      {"serialization/base/src/a.cpp", "\"myelin/serialization/frame.hpp\""},
      {"serialization/base/src/a.cpp", "<unistd.h>"},
      {"serialization/src/a.cpp", "<caf/all.hpp>"},
      {"serialization/src/a.cpp", "<hwy/highway.h>"},
      {"serialization/src/a.cpp", "\"myelin/kernels/matrix.hpp\""},
      {"serialization/src/a.cpp", "\"myelin/actors/agent.hpp\""},
      {"kernels/nn/a.cpp", "<caf/all.hpp>"},
      {"kernels/nn/a.cpp", "<capnp/message.h>"},
      {"kernels/nn/a.cpp", "<kj/common.h>"},
      {"kernels/nn/a.cpp", "\"myelin/serialization/frame.hpp\""},
      {"kernels/nn/a.cpp", "\"myelin/actors/agent.hpp\""},
      {"kernels/nn/a.cpp", "<hwy/highway.h>"},
      {"kernels/include/myelin/kernels/a.hpp", "<hwy/highway.h>"},
      {"kernels/include/myelin/kernels/a.hpp", "<CL/opencl.hpp>"},
      {"kernels/cpu/a.cpp", "<CL/opencl.hpp>"},
      {"kernels/cpu/a.cpp", "<clblast.h>"},
      {"kernels/gpu/a.cpp", "<hwy/highway.h>"},
      {"kernels/gpu/a.cpp", "\"message.capnp.h\""},
      {"actors/runtime/a.cpp", "<hwy/highway.h>"},
      {"actors/runtime/a.cpp", "<CL/cl.h>"},
      {"actors/runtime/a.cpp", "<CLI/CLI.hpp>"},
      {"apps/myelin/a.cpp", "<caf/all.hpp>"},
      {"apps/myelin/a.cpp", "<cblas.h>"},
      {"apps/demos/a.cpp", "<hwy/highway.h>"},
      {"examples/a.cpp", "<caf/all.hpp>"},
      {"actors/agent/a.cpp", "\"myelin/testkit/probe.hpp\""},
      {"actors/testkit/src/a.cpp", "<caf/all.hpp>"},
      {"actors/testkit/src/a.cpp", "<boost/test/unit_test.hpp>"},
      {"apps/myelin/a.cpp", "\"myelin/testkit/probe.hpp\""},
      {"actors/runtime/a.cpp", "<some/stranger.hpp>"},
      {"kernels/cpu/a.cpp", "<immintrin.h>"},
      {"actors/validator/agents/a.cpp", "<caf/all.hpp>"},
      {"actors/validator/agents/a.cpp", "<lmdb.h>"},
      {"actors/validator/membership/a.cpp", "<lmdb.h>"},
      {"actors/validator/storage/a.cpp", "\"myelin/actors/agent.hpp\""},
      {"actors/validator/include/myelin/validator/a.hpp", "<lmdb.h>"},
      {"actors/consensus/core/a.cpp", "\"myelin/validator/log_file.hpp\""},
      {"actors/runtime/a.cpp", "\"myelin/validator/log_file.hpp\""},
  };
  for (const auto& [file, include] : wrong) {
    BOOST_TEST_CONTEXT(file << " includes " << include) { BOOST_TEST(violations_of(file, include) == 1U); }
  }
}

BOOST_AUTO_TEST_CASE(includes_along_the_layers_are_no_violation) {
  const std::pair<const char*, const char*> right[] = {
      {"serialization/base/src/a.cpp", "<tl/expected.hpp>"},
      {"serialization/src/a.cpp", "\"myelin/base/result.hpp\""},
      {"serialization/src/a.cpp", "<kj/common.h>"},
      {"kernels/cpu/a.cpp", "\"hwy/foreach_target.h\""},
      {"kernels/gpu/a.cpp", "<clblast.h>"},
      {"actors/runtime/a.cpp", "<caf/all.hpp>"},
      {"actors/runtime/a.cpp", "\"control.capnp.h\""},
      {"actors/runtime/a.cpp", "\"myelin/kernels/matrix.hpp\""},
      {"apps/myelin/a.cpp", "\"myelin/actors/agent.hpp\""},
      {"apps/myelin/bench/a.cpp", "<caf/all.hpp>"},
      {"actors/testkit/src/a.cpp", "\"myelin/actors/interceptor.hpp\""},
      {"examples/a.cpp", "\"myelin/testkit/probe.hpp\""},
      {"tests/unit/a.cpp", "<caf/all.hpp>"},
      {"actors/validator/storage/a.cpp", "<lmdb.h>"},
      {"actors/validator/membership/a.cpp", "<toml++/toml.h>"},
      {"actors/validator/agents/a.cpp", "\"myelin/actors/agent.hpp\""},
      {"actors/validator/agents/a.cpp", "\"myelin/consensus/core.hpp\""},
      {"apps/myelin/a.cpp", "\"myelin/validator/log_file.hpp\""},
  };
  for (const auto& [file, include] : right) {
    BOOST_TEST_CONTEXT(file << " includes " << include) { BOOST_TEST(violations_of(file, include) == 0U); }
  }
}

BOOST_AUTO_TEST_CASE(private_headers_are_for_their_own_layer) {
  const SourceTree tree;
  tree.write("kernels/cpu/gemm.hpp", "");
  tree.write("kernels/nn/network.cpp", "#include \"cpu/gemm.hpp\"\n#include \"../cpu/gemm.hpp\"\n");
  tree.write("actors/kernel/batcher.cpp", "#include \"../../kernels/cpu/gemm.hpp\"\n");
  tree.write("actors/agent/cell.hpp", "");
  tree.write("actors/testkit/src/probe.cpp", "#include \"agent/cell.hpp\"\n");
  const auto violations = check_includes(tree.root());
  BOOST_REQUIRE(violations.size() == 2U);
  BOOST_TEST(violations[0].file == "actors/kernel/batcher.cpp");
  BOOST_TEST(violations[1].file == "actors/testkit/src/probe.cpp");
}

BOOST_AUTO_TEST_CASE(a_source_that_nothing_builds_is_found) {
  const SourceTree tree;
  tree.write("kernels/CMakeLists.txt", "myelin_layer(kernels SOURCES cpu/gemm.cpp)\n");
  tree.write("kernels/cpu/gemm.cpp", "");
  tree.write("kernels/cpu/forgotten.cpp", "");
  const auto unbuilt = find_unbuilt_sources(tree.root());
  BOOST_REQUIRE(unbuilt.size() == 1U);
  BOOST_TEST(unbuilt.front() == "kernels/cpu/forgotten.cpp");
}

BOOST_AUTO_TEST_SUITE_END()
