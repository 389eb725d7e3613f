# myelin_layer(NAME sources...): one library a layer, with warnings, an alias myelin::NAME, and public headers under
# include/ that are installed and that each compile alone (target all_verify_interface_header_sets).
#
#   myelin_layer(base HEADERS files... SOURCES files... PUBLIC libraries... PRIVATE libraries... PRECOMPILE headers...)
#
# PRECOMPILE: headers of other libraries that most sources include.

function(myelin_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
  if(MYELIN_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)  # GCC's manual: false alarms under sanitizers.
  endif()
  if(MYELIN_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# myelin_precompile(TARGET headers...): compiles the headers once for all sources of the target. It pays from the second
# source on: CAF costs 2.4 s a source, Boost.Test 1.2 s, Cap'n Proto 0.6 s. Only with GCC: clang-tidy and the fuzzers'
# clang cannot read its files, and a clang build of the layers alone is short anyway.
function(myelin_precompile target)
  if(MYELIN_PRECOMPILED_HEADERS AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_precompile_headers(${target} PRIVATE ${ARGN})
  endif()
endfunction()

function(myelin_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 LAYER "" "" "SOURCES;HEADERS;PUBLIC;PRIVATE;PRECOMPILE")
  set(target myelin_${name})
  add_library(${target} STATIC ${LAYER_SOURCES})
  add_library(myelin::${name} ALIAS ${target})
  # A program that loads plugins lends them its layers: their symbols must not be hidden. There are no export macros.
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    CXX_VISIBILITY_PRESET default
    VISIBILITY_INLINES_HIDDEN ON
    VERIFY_INTERFACE_HEADER_SETS ${MYELIN_BUILD_TESTS})
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${LAYER_HEADERS})
  target_compile_features(${target} PUBLIC cxx_std_20)
  # Nobody puts functions of his own in the place of ours: calls within a layer may be inlined all the same.
  target_compile_options(${target} PRIVATE -fno-semantic-interposition)
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${target} PUBLIC ${LAYER_PUBLIC} PRIVATE ${LAYER_PRIVATE})
  if(LAYER_PRECOMPILE)
    myelin_precompile(${target} ${LAYER_PRECOMPILE})
  endif()
  myelin_warnings(${target})
  set_property(GLOBAL APPEND PROPERTY MYELIN_LAYERS ${target})
endfunction()
