# A stranger gets Myelin installed, moved to another folder, and builds a program on it: once with find_package(myelin),
# once with nothing but pkg-config and the compiler. Every public header must be there, and compile.

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
foreach(layer IN ITEMS serialization/base serialization kernels actors)
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
