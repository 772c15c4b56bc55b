# SPDX-License-Identifier: MIT
# find_package(extrema COMPONENTS cpu data ...): extrema::extrema, and extrema::<component> for each
# one asked for. Without COMPONENTS: those whose packages this machine has.

include(CMakeFindDependencyMacro)
find_dependency(Threads)
include("${CMAKE_CURRENT_LIST_DIR}/extrema-components.cmake")

set(wanted ${extrema_FIND_COMPONENTS})
if(NOT wanted)
  set(wanted ${extrema_components})
endif()
foreach(component IN LISTS wanted)
  extrema_find(${component})
  if(NOT extrema_${component}_FOUND AND extrema_FIND_REQUIRED_${component})
    set(extrema_FOUND FALSE)
    if(component IN_LIST extrema_components)
      set(extrema_NOT_FOUND_MESSAGE
        "its component ${component} needs ${extrema_${component}_NEEDS}")
    else()
      set(extrema_NOT_FOUND_MESSAGE
        "it has no component ${component}, but: ${extrema_components}")
    endif()
    return()
  endif()
endforeach()

include("${CMAKE_CURRENT_LIST_DIR}/extrema-targets.cmake")
