# myelin_test(NAME SOURCES files... LIBRARIES targets... LABELS labels...): one Boost.Test executable, one CTest entry.

add_library(myelin_test_main OBJECT ${PROJECT_SOURCE_DIR}/tests/support/test_main.cpp)
target_compile_definitions(myelin_test_main PRIVATE BOOST_TEST_DYN_LINK)
target_link_libraries(myelin_test_main PUBLIC Boost::unit_test_framework)

# Checks are called once each: optimising them costs more than it gives. What they call is optimised all the same.
set(MYELIN_TEST_OPTIONS $<$<CONFIG:Release>:-O1>)

# Boost.Test's header is compiled once, for every test. Not by myelin_test_main: there, including it makes main(). An
# executable, for its code is position-independent in another way than a library's.
file(CONFIGURE OUTPUT test_headers.cpp CONTENT "int main() {}\n")
add_executable(myelin_test_headers EXCLUDE_FROM_ALL ${CMAKE_CURRENT_BINARY_DIR}/test_headers.cpp)
target_compile_definitions(myelin_test_headers PRIVATE BOOST_TEST_DYN_LINK)
target_link_libraries(myelin_test_headers PRIVATE Boost::unit_test_framework)
target_compile_options(myelin_test_headers PRIVATE ${MYELIN_TEST_OPTIONS})
myelin_warnings(myelin_test_headers)
myelin_precompile(myelin_test_headers <boost/test/unit_test.hpp>)

function(myelin_test name)
  cmake_parse_arguments(PARSE_ARGV 1 TEST "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS")
  add_executable(${name} ${TEST_SOURCES})
  target_compile_definitions(${name} PRIVATE BOOST_TEST_DYN_LINK)
  target_link_libraries(${name} PRIVATE myelin_test_main ${TEST_LIBRARIES})
  if(MYELIN_PRECOMPILED_HEADERS AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_precompile_headers(${name} REUSE_FROM myelin_test_headers)
  endif()
  target_compile_options(${name} PRIVATE ${MYELIN_TEST_OPTIONS})
  myelin_warnings(${name})
  add_test(NAME ${name} COMMAND ${name} --log_level=test_suite --report_level=short --color_output=no)
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 300)
  endif()
  if(NOT TEST_LABELS)
    set(TEST_LABELS unit)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${TEST_LABELS}" TIMEOUT ${TEST_TIMEOUT})
endfunction()
