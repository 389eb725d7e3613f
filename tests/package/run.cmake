# A stranger gets Myelin installed, moved to another folder, and builds on it: a program with find_package(myelin), the
# same with nothing but pkg-config and the compiler, and the project that `myelin new agent` writes. Every public header
# must be there, and compile.

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
