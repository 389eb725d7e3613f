# A stranger gets Myelin installed, moved to another folder, and builds on it: a program with find_package(myelin), the
# same with nothing but pkg-config and the compiler, the project that `myelin new agent` writes, and those of the guide, with
# the guide's own commands. Every public header must be there, and compile.

function(run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${what} failed (${result}):\n${command}\n${output}")
  endif()
  message(STATUS "${what}: passed")
endfunction()

set(prefix "${WORK_DIR}/a moved prefix")
set(consumer "${CMAKE_CURRENT_LIST_DIR}/consumer")
file(REMOVE_RECURSE "${WORK_DIR}")
run("installing" ${CMAKE_COMMAND} --install "${MYELIN_BINARY_DIR}" --prefix "${WORK_DIR}/prefix")
file(RENAME "${WORK_DIR}/prefix" "${prefix}")

# A tree that is not built is not installed by half.
run("configuring a tree" ${CMAKE_COMMAND} -S "${MYELIN_SOURCE_DIR}" -B "${WORK_DIR}/unbuilt" -G "${GENERATOR}"
  -D "CMAKE_CXX_COMPILER=${CXX}" -D MYELIN_BUILD_TESTS=OFF -D MYELIN_BUILD_EXAMPLES=OFF)
execute_process(COMMAND ${CMAKE_COMMAND} --install "${WORK_DIR}/unbuilt" --prefix "${WORK_DIR}/half"
  RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE error)
if(result EQUAL 0 OR NOT error MATCHES "nothing is installed" OR EXISTS "${WORK_DIR}/half")
  message(FATAL_ERROR "a tree that is not built was installed (${result}): ${error}")
endif()

# The docs, and what they link to.
file(GLOB_RECURSE documents "${prefix}/share/doc/myelin/*.md")
foreach(document IN LISTS documents)
  get_filename_component(folder "${document}" DIRECTORY)
  file(READ "${document}" text)
  string(REPLACE "](" "link(" text "${text}")  # brackets would hold a list's items together
  string(REGEX MATCHALL "link\\([A-Za-z0-9_]*[./][A-Za-z0-9_./]*\\)" links "${text}")  # no lambda's `[](int)`
  foreach(link IN LISTS links)
    string(REGEX REPLACE "^link.(.*).$" "\\1" link "${link}")
    if(NOT EXISTS "${folder}/${link}")
      message(FATAL_ERROR "${document} links to ${link}, which is not installed")
    endif()
  endforeach()
endforeach()
if(NOT EXISTS "${prefix}/share/doc/myelin/docs/operations.md")
  message(FATAL_ERROR "the docs are not installed")
endif()

# What the source tree calls public, the installed tree must have.
set(includes "")
foreach(layer IN ITEMS serialization/base serialization kernels actors actors/cluster actors/consensus actors/memory
    actors/network actors/operation actors/plugin actors/testkit actors/validator)
  file(GLOB_RECURSE headers RELATIVE "${MYELIN_SOURCE_DIR}/${layer}/include" "${MYELIN_SOURCE_DIR}/${layer}/include/*.hpp")
  foreach(header IN LISTS headers)
    if(NOT EXISTS "${prefix}/include/${header}")
      message(FATAL_ERROR "${layer}/include/${header} is not installed: name it in ${layer}/CMakeLists.txt")
    endif()
    string(APPEND includes "#include \"${header}\"\n")
  endforeach()
endforeach()
file(WRITE "${WORK_DIR}/every_header.cpp" "${includes}")

# 1. find_package(myelin).
run("configuring with find_package" ${CMAKE_COMMAND} -E env --unset=CMAKE_PREFIX_PATH
  ${CMAKE_COMMAND} -S "${consumer}" -B "${WORK_DIR}/cmake" -G "${GENERATOR}" -D "CMAKE_CXX_COMPILER=${CXX}"
  -D "CMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}" -D "CMAKE_PREFIX_PATH=${prefix}" -D "EVERY_HEADER=${WORK_DIR}/every_header.cpp")
run("building with find_package" ${CMAKE_COMMAND} --build "${WORK_DIR}/cmake")
run("running what find_package built" "${WORK_DIR}/cmake/consumer")
run("loading a plugin" "${WORK_DIR}/cmake/host" "${WORK_DIR}/cmake/greeter.so")

# 2. pkg-config.
set(ENV{PKG_CONFIG_PATH} "${prefix}/lib/pkgconfig")
execute_process(COMMAND pkg-config --cflags --libs myelin
  OUTPUT_VARIABLE flags ERROR_VARIABLE error RESULT_VARIABLE result OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "pkg-config does not find myelin, or something that it requires:\n${error}")
endif()
separate_arguments(flags UNIX_COMMAND "${flags}")
run("compiling the schema" capnp compile "-oc++:${WORK_DIR}" "--src-prefix=${consumer}" "${consumer}/greeting.capnp")
run("building with pkg-config" ${LAUNCHER} ${CXX} -std=c++20 "-I${WORK_DIR}" "${consumer}/main.cpp"
  "${WORK_DIR}/greeting.capnp.c++" "${WORK_DIR}/every_header.cpp" -o "${WORK_DIR}/consumer" ${flags})
run("running what pkg-config built" "${WORK_DIR}/consumer")

# 3. The project that the installed tool writes, built and tested as its README says. A tree without the tool has none.
set(myelin "${prefix}/bin/myelin")
if(EXISTS "${myelin}")
  if(EXISTS "${MYELIN_BINARY_DIR}/written")
    foreach(file IN ITEMS man/man1/myelin.1 bash-completion/completions/myelin fish/vendor_completions.d/myelin.fish)
      file(READ "${prefix}/share/${file}" text)
      if(NOT text MATCHES "config check|config.*check")
        message(FATAL_ERROR "${file} does not know the commands")
      endif()
    endforeach()
  endif()
  run("writing a project" "${myelin}" new agent PriceFeed --directory "${WORK_DIR}/price feed")
  execute_process(COMMAND "${myelin}" new agent PriceFeed --directory "${WORK_DIR}/price feed"
    RESULT_VARIABLE again ERROR_VARIABLE error OUTPUT_QUIET)
  if(again EQUAL 0 OR NOT error MATCHES "--force")
    message(FATAL_ERROR "a folder in use was not refused (${again}): ${error}")
  endif()
  run("configuring the project" ${CMAKE_COMMAND} -E env --unset=CMAKE_PREFIX_PATH
    ${CMAKE_COMMAND} -S "${WORK_DIR}/price feed" -B "${WORK_DIR}/price feed/build" -G "${GENERATOR}"
    -D "CMAKE_CXX_COMPILER=${CXX}" -D "CMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}" -D "CMAKE_PREFIX_PATH=${prefix}"
    -D "CMAKE_CXX_FLAGS=-Wall -Wextra -Werror")
  run("building the project" ${CMAKE_COMMAND} --build "${WORK_DIR}/price feed/build")
  run("testing the project" ${CMAKE_CTEST_COMMAND} --test-dir "${WORK_DIR}/price feed/build" --no-tests=error
    --output-on-failure)
  execute_process(COMMAND "${WORK_DIR}/price feed/build/price_feed" milk bread
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0 OR NOT output STREQUAL "2 notes\n  milk\n  bread\n")
    message(FATAL_ERROR "the project's program says (${result}):\n${output}")
  endif()
endif()

# 4. The projects that the guide quotes, with the commands that the page shows, to the letter. Without the tool, those of
# the build alone.
function(run_page page example)
  set(work "${WORK_DIR}/guide ${example}")
  file(COPY "${prefix}/share/doc/myelin/examples/${example}/" DESTINATION "${work}")
  set(shown "    (cmake|build/)")
  if(EXISTS "${myelin}")
    set(shown "    (cmake|build/|myelin (cluster|agents|ask))")
  endif()
  file(STRINGS "${prefix}/share/doc/myelin/docs/guide/${page}" commands REGEX "^${shown}")
  list(JOIN commands "\n" commands)
  if(NOT commands MATCHES "CMAKE_PREFIX_PATH=PREFIX")
    message(FATAL_ERROR "${page} does not say how to build")
  endif()
  string(REPLACE "PREFIX_PATH=PREFIX" "PREFIX_PATH='${prefix}'" commands "${commands}")
  file(WRITE "${work}/page.sh" "set -e\ncd '${work}'\n${commands}\n")
  execute_process(COMMAND ${CMAKE_COMMAND} -E env --unset=CMAKE_PREFIX_PATH "CXX=${CXX}" "CMAKE_GENERATOR=${GENERATOR}"
    "CMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}" "PATH=${prefix}/bin:$ENV{PATH}" sh "${work}/page.sh"
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(EXISTS "${work}/myelin-cluster")
    execute_process(COMMAND "${myelin}" cluster down --dir "${work}/myelin-cluster" OUTPUT_QUIET ERROR_QUIET)
  endif()
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "the commands of ${page} failed (${result}):\n${commands}\n${output}")
  endif()
  message(STATUS "the commands of ${page}: passed")
  set(output "${output}" PARENT_SCOPE)
endfunction()

run_page(first_agent.md greeter)
run_page(plugins.md plugin)
if(EXISTS "${myelin}" AND NOT output MATCHES "Ciao, Ada")
  message(FATAL_ERROR "the greeter of plugins.md did not greet:\n${output}")
endif()
run("loading both plugins" "${WORK_DIR}/guide plugin/build/my_node" "${WORK_DIR}/guide plugin/build/greeter.so")
if(EXISTS "${myelin}")
  run("checking the page's configuration" "${myelin}" config check "${WORK_DIR}/guide plugin/node.toml")
endif()

# Those of docs/kernels.md.
foreach(project IN ITEMS kernels/layers own_kernel/own_kernel)
  get_filename_component(example "${project}" DIRECTORY)
  get_filename_component(program "${project}" NAME)
  run("configuring examples/${example}" ${CMAKE_COMMAND} -E env --unset=CMAKE_PREFIX_PATH
    ${CMAKE_COMMAND} -S "${prefix}/share/doc/myelin/examples/${example}" -B "${WORK_DIR}/${example}" -G "${GENERATOR}"
    -D "CMAKE_CXX_COMPILER=${CXX}" -D "CMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}" -D "CMAKE_PREFIX_PATH=${prefix}"
    -D "CMAKE_CXX_FLAGS=-Wall -Wextra -Werror")
  run("building examples/${example}" ${CMAKE_COMMAND} --build "${WORK_DIR}/${example}")
  run("running examples/${example}" "${WORK_DIR}/${example}/${program}")
endforeach()

# 5. Projects that forgot something: they are told, or it does not matter.
function(configure what text)
  file(WRITE "${WORK_DIR}/${what}/CMakeLists.txt" "${text}")
  execute_process(COMMAND ${CMAKE_COMMAND} -Wno-dev -S "${WORK_DIR}/${what}" -B "${WORK_DIR}/${what}/build"
    -G "${GENERATOR}" -D "CMAKE_CXX_COMPILER=${CXX}" -D "CMAKE_PREFIX_PATH=${prefix}"
    RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE error)
  set(result "${result}" PARENT_SCOPE)
  set(error "${error}" PARENT_SCOPE)
endfunction()

file(WRITE "${WORK_DIR}/old/greeter.cpp" "")
set(plugin "find_package(myelin CONFIG REQUIRED)\nmyelin_add_plugin(greeter greeter.cpp)\n")
configure("old" "cmake_minimum_required(VERSION 3.5)\n${plugin}")
if(NOT result EQUAL 0)
  message(FATAL_ERROR "a project for an old CMake, without project(), cannot be configured:\n${error}")
endif()
file(WRITE "${WORK_DIR}/bare/greeter.cpp" "")
configure("bare" "${plugin}")
if(result EQUAL 0 OR NOT error MATCHES "cmake_minimum_required" OR error MATCHES "IN_LIST")
  message(FATAL_ERROR "a project without cmake_minimum_required() is not told so (${result}):\n${error}")
endif()
configure("no C" "cmake_minimum_required(VERSION 3.25)\nproject(x LANGUAGES CXX)\nfind_package(myelin CONFIG REQUIRED)\n")
if(result EQUAL 0 OR NOT error MATCHES "LANGUAGES[ \n]+C[ \n]+CXX")
  message(FATAL_ERROR "a project without C is not told so (${result}):\n${error}")
endif()
