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
  target_compile_options(extrema_developer INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-march=native>
    $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-march=native>)
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
# Of examples/x/, *.cu are compiled where there is CUDA, and without_cuda.cpp where there is none;
# the other units are extrema-x-objects, as the emulated program has them too (tests/cuda_on_cpu).
function(extrema_program name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE extrema_developer $<TARGET_NAME_IF_EXISTS:CLI11::CLI11>)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endfunction()

# Compiles a target's *.cu: for the GPUs that are here, unless CMAKE_CUDA_ARCHITECTURES says for which.
if(EXTREMA_CUDA)
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES AND EXISTS /dev/nvidiactl)
    set(CMAKE_CUDA_ARCHITECTURES native)
  elseif(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 80 90)
  endif()
  enable_language(CUDA)
endif()
function(extrema_compile_cuda target)
  # (Said by hand: CMake before 3.26 does not know that nvcc 13 has C++20.)
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20>)
  target_link_libraries(${target} PRIVATE extrema::cuda)
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
    cmake_path(GET folder FILENAME name)
    file(GLOB files CONFIGURE_DEPENDS ${folder}/*.cpp)
    file(GLOB cuda_files CONFIGURE_DEPENDS ${folder}/*.cu)
    list(REMOVE_ITEM files ${folder}/without_cuda.cpp)
    if(NOT files)
      continue()
    endif()
    add_library(extrema-${name}-objects OBJECT ${files})
    target_link_libraries(extrema-${name}-objects
      PUBLIC extrema_developer $<TARGET_NAME_IF_EXISTS:CLI11::CLI11>)
    if(cuda_files AND NOT EXTREMA_CUDA)
      set(cuda_files ${folder}/without_cuda.cpp)
    endif()
    extrema_program(extrema-${name} ${cuda_files})
    target_link_libraries(extrema-${name} PRIVATE extrema-${name}-objects)
    if(cuda_files AND EXTREMA_CUDA)
      extrema_compile_cuda(extrema-${name})
    endif()
  endforeach()
endif()

# It is run on small files: half the time to compile counts for more than its speed.
if(TARGET extrema-parity-objects)
  target_compile_options(extrema-parity-objects PRIVATE $<$<NOT:$<CONFIG:Debug>>:-O1>)
endif()

if(EXTREMA_BENCHES)
  find_package(benchmark QUIET)  # Debian: libbenchmark-dev
  file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.cpp)
  if(NOT benchmark_FOUND)
    message(WARNING "No benchmarks of the CPU: they need Google Benchmark (Debian: libbenchmark-dev).")
    set(files "")
  endif()
  foreach(file IN LISTS files)
    cmake_path(GET file STEM name)
    extrema_program(bench_${name} ${file})
    target_link_libraries(bench_${name} PRIVATE benchmark::benchmark)
  endforeach()
endif()

# `gpu`: all that bench/gpu.sh runs.
if(EXTREMA_CUDA)
  add_custom_target(gpu)
endif()
if(EXTREMA_CUDA AND EXTREMA_BENCHES)
  file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/gpu/*.cu)
  foreach(file IN LISTS files)
    cmake_path(GET file STEM name)
    extrema_program(bench_gpu_${name} ${file})
    extrema_compile_cuda(bench_gpu_${name})
    add_dependencies(gpu bench_gpu_${name})
  endforeach()
endif()
if(EXTREMA_CUDA AND EXTREMA_EXAMPLES)
  add_dependencies(gpu extrema-parity extrema-pretrain)
endif()

if(EXTREMA_TESTS)
  enable_testing()
  add_subdirectory(tests)
endif()
