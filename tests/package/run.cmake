# SPDX-License-Identifier: MIT
# Installs extrema from SOURCE below BUILD; builds and runs the consumer in this folder in each of
# the three ways; and asks the installed package for what it must refuse.

file(REMOVE_RECURSE ${BUILD})
set(prefix ${BUILD}/prefix)
set(common -G ${CMAKE_GENERATOR} -D CMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER})
find_program(CCACHE ccache)
if(CCACHE)
  set(ENV{CMAKE_CXX_COMPILER_LAUNCHER} ${CCACHE})
endif()

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD}/library ${common} -D CMAKE_INSTALL_PREFIX=${prefix}
  -D EXTREMA_TESTS=OFF -D EXTREMA_EXAMPLES=OFF -D EXTREMA_BENCHES=OFF)
run(${CMAKE_COMMAND} --install ${BUILD}/library)

foreach(how find add fetch)
  run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${BUILD}/${how} ${common}
    -D HOW=${how} -D SOURCE=${SOURCE} -D CMAKE_PREFIX_PATH=${prefix})
  run(${CMAKE_COMMAND} --build ${BUILD}/${how} --parallel 2)
  run(${BUILD}/${how}/consumer)
endforeach()

# refused(PHRASE ARGUMENTS...): a project with find_package(extrema ARGUMENTS) fails with PHRASE.
function(refused phrase)
  list(JOIN ARGN " " arguments)
  file(WRITE ${BUILD}/refused/CMakeLists.txt "cmake_minimum_required(VERSION 3.24)
    project(refused LANGUAGES CXX)\nfind_package(extrema ${arguments} REQUIRED)\n")
  execute_process(
    COMMAND ${CMAKE_COMMAND} -S ${BUILD}/refused -B ${BUILD}/refused/build ${common}
      -D CMAKE_PREFIX_PATH=${prefix} -D CMAKE_DISABLE_FIND_PACKAGE_PNG=ON
    RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE error)
  string(REGEX REPLACE "[ \n]+" " " error "${error}")
  if(status EQUAL 0 OR NOT error MATCHES "${phrase}")
    message(FATAL_ERROR "find_package(extrema ${arguments}) is not refused by '${phrase}': ${error}")
  endif()
endfunction()

refused("no component gpu" COMPONENTS gpu)
refused("its component data needs libjpeg-turbo, libpng, zlib" COMPONENTS cpu data)
refused("compatible with requested version .0.2." 0.2)
