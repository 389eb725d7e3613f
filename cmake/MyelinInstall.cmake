# What `cmake --install` puts in place for a stranger's project: the layers with their headers and schemas, the package
# for find_package(myelin), the file for pkg-config, and the tool. tests/package/ uses all of it from outside.

include(CMakePackageConfigHelpers)

get_property(MYELIN_LAYERS GLOBAL PROPERTY MYELIN_LAYERS)

# All that is installed, without the tests and examples. What is missing is found before anything is put in place.
add_custom_target(myelin_package DEPENDS ${MYELIN_LAYERS})
set(MYELIN_INSTALLED_FILES "")
foreach(target IN LISTS MYELIN_LAYERS)
  string(APPEND MYELIN_INSTALLED_FILES " [[$<TARGET_FILE:${target}>]]")
endforeach()
if(TARGET myelin)
  add_dependencies(myelin_package myelin)
  string(APPEND MYELIN_INSTALLED_FILES " [[$<TARGET_FILE:myelin>]]")
  if(NOT MYELIN_SANITIZE AND NOT CMAKE_CROSSCOMPILING)
    string(APPEND MYELIN_INSTALLED_FILES " [[${PROJECT_BINARY_DIR}/written/myelin.1]]")
  endif()
endif()
install(CODE "
foreach(file IN ITEMS ${MYELIN_INSTALLED_FILES})
  if(NOT EXISTS \"\${file}\")
    message(FATAL_ERROR \"'\${file}' is not built, and nothing is installed; \"
      \"first: cmake --build '${PROJECT_BINARY_DIR}' --target myelin_package\")
  endif()
endforeach()")

install(TARGETS ${MYELIN_LAYERS}
  EXPORT myelinTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(TARGET myelin)
  install(TARGETS myelin RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/serialization/schema/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.capnp")
# Side by side as they are in the tree, for they link to each other.
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CONTRIBUTING.md
  DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs ${PROJECT_SOURCE_DIR}/examples DESTINATION ${CMAKE_INSTALL_DOCDIR})

# Where each library that a layer links comes from: imported target, what finds it in CMake, what finds it in pkg-config
# (a module after 'Requires:', or flags after 'Libs:'). The layers are static archives, so that whoever links them links
# these as well, also those that only our own sources include.
set(MYELIN_LIBRARY_SOURCES
  "tl::expected|tl-expected CONFIG|"
  "fmt::fmt|fmt CONFIG|Requires: fmt"
  "CapnProto::kj|CapnProto CONFIG|Requires: kj"
  "CapnProto::capnp|CapnProto CONFIG|Requires: capnp"
  "CapnProto::capnp-json|CapnProto CONFIG|Requires: capnp-json"
  "hwy::hwy|hwy CONFIG|Libs: -lhwy"
  "clblast|CLBlast CONFIG|Libs: -lclblast"
  "OpenCL::OpenCL|OpenCL|Libs: -lOpenCL"
  "CAF::core|CAF 0.17.6 COMPONENTS core io openssl|Libs: -lcaf_core"
  "CAF::io|CAF 0.17.6 COMPONENTS core io openssl|Libs: -lcaf_io"
  "CAF::openssl|CAF 0.17.6 COMPONENTS core io openssl|Libs: -lcaf_openssl"
  "OpenSSL::SSL|OpenSSL|Libs: -lssl -lcrypto"
  "OpenSSL::Crypto|OpenSSL|Libs: -lcrypto"
  "Sodium::sodium|Sodium|Libs: -lsodium"
  "LMDB::lmdb|LMDB|Libs: -llmdb"
  "tomlplusplus::tomlplusplus|tomlplusplus CONFIG|Requires: tomlplusplus"
  "dl|Threads|Libs: -ldl"
  "Threads::Threads|Threads|Libs: -pthread"
  "ZLIB::ZLIB|ZLIB|Libs: -lz")

set(MYELIN_FIND_DEPENDENCIES "")
set(MYELIN_PC_REQUIRES "")
set(MYELIN_PC_LIBS "")
foreach(layer IN LISTS MYELIN_LAYERS)
  # Archives come before what they use.
  list(PREPEND MYELIN_PC_LIBS "-l${layer}")
endforeach()
foreach(layer IN LISTS MYELIN_LAYERS)
  get_target_property(libraries ${layer} LINK_LIBRARIES)
  if(NOT libraries)
    set(libraries "")
  endif()
  foreach(library IN LISTS libraries)
    if(library MATCHES "^(myelin::|\\$<BUILD_INTERFACE:)")
      continue()
    endif()
    set(source ${MYELIN_LIBRARY_SOURCES})
    list(FILTER source INCLUDE REGEX "^${library}\\|")
    if(NOT source)
      message(FATAL_ERROR
        "${layer} links '${library}', but MYELIN_LIBRARY_SOURCES in cmake/MyelinInstall.cmake does not say which "
        "package that comes from; without it, find_package(myelin) fails for others")
    endif()
    string(REPLACE "|" ";" source "${source}")
    list(GET source 1 package)
    list(GET source 2 pkg_config)
    list(APPEND MYELIN_FIND_DEPENDENCIES "find_dependency(${package})")
    if(pkg_config MATCHES "^Requires: (.*)")
      list(APPEND MYELIN_PC_REQUIRES "${CMAKE_MATCH_1}")
    elseif(pkg_config MATCHES "^Libs: (.*)")
      list(APPEND MYELIN_PC_LIBS "${CMAKE_MATCH_1}")
    endif()
  endforeach()
endforeach()
list(REMOVE_DUPLICATES MYELIN_FIND_DEPENDENCIES)
list(REMOVE_DUPLICATES MYELIN_PC_REQUIRES)
list(REMOVE_DUPLICATES MYELIN_PC_LIBS)
list(JOIN MYELIN_FIND_DEPENDENCIES "\n" MYELIN_FIND_DEPENDENCIES)
list(JOIN MYELIN_PC_REQUIRES " " MYELIN_PC_REQUIRES)
list(JOIN MYELIN_PC_LIBS " " MYELIN_PC_LIBS)

set(MYELIN_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/myelin)
install(EXPORT myelinTargets NAMESPACE myelin:: DESTINATION ${MYELIN_PACKAGE_DIR})
configure_package_config_file(cmake/myelinConfig.cmake.in myelinConfig.cmake
  INSTALL_DESTINATION ${MYELIN_PACKAGE_DIR}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
# Before 1.0, every minor version may break its users.
write_basic_package_version_file(myelinConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/myelinConfig.cmake
  ${PROJECT_BINARY_DIR}/myelinConfigVersion.cmake
  cmake/FindCAF.cmake
  cmake/FindLMDB.cmake
  cmake/FindSodium.cmake
  cmake/MyelinPlugin.cmake
  DESTINATION ${MYELIN_PACKAGE_DIR})

# The prefix as seen from the .pc file, so that an installed tree can be moved.
file(RELATIVE_PATH MYELIN_PC_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
string(REGEX REPLACE "/$" "" MYELIN_PC_PREFIX "${MYELIN_PC_PREFIX}")
configure_file(cmake/myelin.pc.in myelin.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/myelin.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The examples of configurations, to which the docs link, and what runs a node under systemd.
if(TARGET myelin)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/configs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/configs PATTERN "*.service" EXCLUDE)
  install(FILES ${PROJECT_SOURCE_DIR}/configs/myelin-node@.service DESTINATION lib/systemd/system)
endif()

# The manual's page and the shells' completions, which the tool itself writes.
if(TARGET myelin AND NOT MYELIN_SANITIZE AND NOT CMAKE_CROSSCOMPILING)
  set(written ${PROJECT_BINARY_DIR}/written)
  file(MAKE_DIRECTORY ${written})
  add_custom_command(OUTPUT ${written}/myelin.1 ${written}/myelin.bash ${written}/myelin.fish
    COMMAND myelin manual > ${written}/myelin.1
    COMMAND myelin completion bash > ${written}/myelin.bash
    COMMAND myelin completion fish > ${written}/myelin.fish
    DEPENDS myelin COMMENT "Writing the manual's page and completions" VERBATIM)
  add_custom_target(myelin_manual ALL DEPENDS ${written}/myelin.1)
  add_dependencies(myelin_package myelin_manual)
  install(FILES ${written}/myelin.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${written}/myelin.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME myelin)
  install(FILES ${written}/myelin.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()
