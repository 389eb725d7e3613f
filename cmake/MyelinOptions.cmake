# What a build can be asked for, and the language settings that every target shares.

option(MYELIN_BUILD_APPS "Build the myelin command-line tool" ${PROJECT_IS_TOP_LEVEL})
option(MYELIN_BUILD_EXAMPLES "Build the examples that the docs quote" ${PROJECT_IS_TOP_LEVEL})
option(MYELIN_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(MYELIN_BUILD_FUZZERS "Build the libFuzzer targets (needs clang)" OFF)
option(MYELIN_WARNINGS_AS_ERRORS "Treat compiler warnings as errors" OFF)
option(MYELIN_PRECOMPILED_HEADERS "Precompile the heavy headers of CAF and Cap'n Proto" ON)
set(MYELIN_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, e.g. 'address,undefined' or 'thread'")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(PROJECT_IS_TOP_LEVEL)
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
  endif()
  find_program(MYELIN_CCACHE ccache)
  if(MYELIN_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # Precompiled headers need the two sloppiness settings, or every object misses the cache.
    # The base directory lets a build of one checkout serve another.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${MYELIN_CCACHE})
    set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
  endif()
endif()

if(MYELIN_BUILD_FUZZERS)
  # Coverage for the fuzzers to steer by.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(MYELIN_SANITIZE)
  add_compile_options(-fsanitize=${MYELIN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${MYELIN_SANITIZE})
endif()
