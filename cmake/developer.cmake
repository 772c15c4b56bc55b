# SPDX-License-Identifier: MIT
# Tests, example programs and benchmarks: what is built for those who work on extrema, and exported
# to nobody.

foreach(component IN LISTS extrema_components)
  if(NOT extrema_${component}_FOUND AND NOT component MATCHES "^(onednn|cuda)$")
    message(WARNING "No tests, examples or benchmarks: they need ${extrema_${component}_NEEDS}.")
    return()
  endif()
endforeach()

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug, RelWithDebInfo" FORCE)
endif()
set(CMAKE_CXX_EXTENSIONS OFF)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers ask for the sloppiness; the base folder lets two clones share.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()
mark_as_advanced(CCACHE)

# What every program here is built with.
add_library(extrema_developer INTERFACE)
target_link_libraries(extrema_developer INTERFACE extrema::cpu extrema::data extrema::io)
target_compile_options(extrema_developer INTERFACE $<$<COMPILE_LANGUAGE:CXX>:
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow $<$<BOOL:${EXTREMA_WERROR}>:-Werror>>)
# g++ takes an empty std::optional for an uninitialised value, and before version 13 the undefined
# values of its own AVX-512 headers for ours.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(extrema_developer INTERFACE $<$<COMPILE_LANGUAGE:CXX>:
    -Wno-maybe-uninitialized
    $<$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>:-Wno-uninitialized>>)
endif()
target_link_options(extrema_developer INTERFACE -Wl,--as-needed)
if(extrema_onednn_FOUND)
  target_link_libraries(extrema_developer INTERFACE extrema::onednn)
endif()
if(EXTREMA_NATIVE)
  target_compile_options(extrema_developer INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-march=native>)
else()
  message(WARNING "EXTREMA_NATIVE is OFF: unless CMAKE_CXX_FLAGS says otherwise, elementwise passes "
    "and Eigen's products use the baseline instructions alone (SSE2 on x86-64), a fraction of the speed.")
endif()
find_program(MOLD mold)
mark_as_advanced(MOLD)
if(MOLD)
  target_link_options(extrema_developer INTERFACE -fuse-ld=mold)
endif()

# examples/x.cpp is bin/example_x, the files in examples/x/ are bin/extrema-x, bench/x.cpp bin/bench_x.
function(extrema_program name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE extrema_developer $<TARGET_NAME_IF_EXISTS:CLI11::CLI11>)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endfunction()

if(EXTREMA_EXAMPLES)
  find_package(CLI11 CONFIG REQUIRED)  # Debian: libcli11-dev
  file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.cpp)
  foreach(file IN LISTS files)
    cmake_path(GET file STEM name)
    extrema_program(example_${name} ${file})
  endforeach()
  file(GLOB folders CONFIGURE_DEPENDS LIST_DIRECTORIES ON ${PROJECT_SOURCE_DIR}/examples/*)
  foreach(folder IN LISTS folders)
    file(GLOB files CONFIGURE_DEPENDS ${folder}/*.cpp)
    if(files)
      cmake_path(GET folder FILENAME name)
      extrema_program(extrema-${name} ${files})
    endif()
  endforeach()
endif()

# Programs that compute on a GPU too.
if(EXTREMA_CUDA AND EXTREMA_EXAMPLES)
  set(architectures ${CMAKE_CUDA_ARCHITECTURES})
  if(NOT architectures)
    set(architectures 80 90)
  endif()
  enable_language(CUDA)
  file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/pretrain/*.cu)
  target_sources(extrema-pretrain PRIVATE ${files})
  set_target_properties(extrema-pretrain PROPERTIES CUDA_ARCHITECTURES "${architectures}"
    CUDA_STANDARD 20)
  target_compile_definitions(extrema-pretrain PRIVATE EXTREMA_HAS_CUDA)
  target_link_libraries(extrema-pretrain PRIVATE extrema::cuda)
endif()

# It is run on small files: half the time to compile counts for more than its speed.
if(TARGET extrema-parity)
  target_compile_options(extrema-parity PRIVATE $<$<NOT:$<CONFIG:Debug>>:-O1>)
endif()

if(EXTREMA_BENCHES)
  find_package(benchmark REQUIRED)  # Debian: libbenchmark-dev
  file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.cpp)
  foreach(file IN LISTS files)
    cmake_path(GET file STEM name)
    extrema_program(bench_${name} ${file})
    target_link_libraries(bench_${name} PRIVATE benchmark::benchmark)
  endforeach()
endif()

if(EXTREMA_TESTS)
  enable_testing()
  add_subdirectory(tests)
endif()
