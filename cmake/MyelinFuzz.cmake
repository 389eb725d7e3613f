# myelin_fuzzer(NAME SOURCES files... LIBRARIES targets... INCLUDES folders...): a function LLVMFuzzerTestOneInput().
#
# With MYELIN_BUILD_FUZZERS it becomes a libFuzzer program, to be run by hand. Otherwise it becomes a test that feeds it
# every file of corpus/NAME/ once, so that what a fuzzer ever found stays found, under every compiler and sanitizer.

# The fuzzers and what they link: the fuzz preset builds this, and so none of what they do not need.
add_custom_target(fuzzers)

function(myelin_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 FUZZ "" "" "SOURCES;LIBRARIES;INCLUDES")
  set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name})
  if(MYELIN_BUILD_FUZZERS)
    add_executable(fuzz_${name} ${FUZZ_SOURCES})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(fuzz_${name} PRIVATE ${FUZZ_LIBRARIES})
    target_include_directories(fuzz_${name} PRIVATE ${FUZZ_INCLUDES})
    myelin_warnings(fuzz_${name})
    add_dependencies(fuzzers fuzz_${name})
  endif()
  if(MYELIN_BUILD_TESTS)
    add_executable(replay_${name} ${FUZZ_SOURCES} ${PROJECT_SOURCE_DIR}/tests/support/replay_main.cpp)
    target_link_libraries(replay_${name} PRIVATE ${FUZZ_LIBRARIES})
    target_include_directories(replay_${name} PRIVATE ${FUZZ_INCLUDES})
    myelin_warnings(replay_${name})
    add_test(NAME replay_${name} COMMAND replay_${name} ${corpus})
    set_tests_properties(replay_${name} PROPERTIES LABELS fuzz TIMEOUT 300)
  endif()
endfunction()
