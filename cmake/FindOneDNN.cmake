# SPDX-License-Identifier: MIT
# Finds oneDNN without its own CMake files, which stop the configuration where its optional OpenCL is
# not installed for development: OneDNN::OneDNN.

find_path(OneDNN_INCLUDE_DIR dnnl.hpp)
find_library(OneDNN_LIBRARY dnnl)
mark_as_advanced(OneDNN_INCLUDE_DIR OneDNN_LIBRARY)
set(OneDNN_VERSION_FILE ${OneDNN_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h)
if(EXISTS ${OneDNN_VERSION_FILE})
  file(STRINGS ${OneDNN_VERSION_FILE} OneDNN_VERSION REGEX "#define DNNL_VERSION_(MAJOR|MINOR|PATCH)")
  string(REGEX REPLACE "[^0-9;]" "" OneDNN_VERSION "${OneDNN_VERSION}")
  list(JOIN OneDNN_VERSION "." OneDNN_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OneDNN REQUIRED_VARS OneDNN_LIBRARY OneDNN_INCLUDE_DIR
  VERSION_VAR OneDNN_VERSION)

if(OneDNN_FOUND AND NOT TARGET OneDNN::OneDNN)
  add_library(OneDNN::OneDNN UNKNOWN IMPORTED)
  set_target_properties(OneDNN::OneDNN PROPERTIES
    IMPORTED_LOCATION "${OneDNN_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${OneDNN_INCLUDE_DIR}")
endif()
