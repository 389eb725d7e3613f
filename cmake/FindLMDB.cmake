# Finds LMDB, for which Debian ships no CMake configuration.
#
#   find_package(LMDB 0.9.24)
#
# Result: imported target LMDB::lmdb, LMDB_FOUND, LMDB_VERSION. Hints: LMDB_ROOT.

find_path(LMDB_INCLUDE_DIR NAMES lmdb.h)
find_library(LMDB_LIBRARY NAMES lmdb)
mark_as_advanced(LMDB_INCLUDE_DIR LMDB_LIBRARY)

if(LMDB_INCLUDE_DIR)
  file(STRINGS "${LMDB_INCLUDE_DIR}/lmdb.h" _lmdb_version_lines REGEX "#define MDB_VERSION_(MAJOR|MINOR|PATCH)[ \t]")
  string(REGEX REPLACE "#define MDB_VERSION_[A-Z]+[ \t]+" "" _lmdb_version_lines "${_lmdb_version_lines}")
  string(REPLACE ";" "." LMDB_VERSION "${_lmdb_version_lines}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LMDB
  REQUIRED_VARS LMDB_INCLUDE_DIR LMDB_LIBRARY
  VERSION_VAR LMDB_VERSION)

if(LMDB_FOUND AND NOT TARGET LMDB::lmdb)
  add_library(LMDB::lmdb UNKNOWN IMPORTED)
  set_target_properties(LMDB::lmdb PROPERTIES
    IMPORTED_LOCATION "${LMDB_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${LMDB_INCLUDE_DIR}")
endif()
