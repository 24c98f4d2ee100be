# Options of every target of the project.
add_library(odin_options INTERFACE)
target_compile_features(odin_options INTERFACE cxx_std_20)
function(odin_cxx_options)  # for g++ and clang++; OdinCuda.cmake has nvcc's
  target_compile_options(odin_options INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${ARGN}>")
endfunction()
odin_cxx_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor)
if(ODIN_WARNINGS_AS_ERRORS)
  odin_cxx_options(-Werror)
endif()
if(ODIN_SANITIZE)
  odin_cxx_options(-fsanitize=address -fno-sanitize-recover=all -fno-omit-frame-pointer
                   $<$<NOT:$<BOOL:$<TARGET_PROPERTY:ODIN_ADDRESS_SANITIZED>>>:-fsanitize=undefined>)
  target_link_options(odin_options INTERFACE -fsanitize=address,undefined)
endif()

# The headers that are precompiled everywhere. Reading them in every source would take a third of the time to compile.
# Configured with CMAKE_DISABLE_PRECOMPILE_HEADERS, a build proves that every file includes what it needs; .ci/clang_tidy
# does so for sources that change.
set(ODIN_PRECOMPILED <algorithm> <filesystem> <fstream> <functional> <map> <memory> <optional> <span> <sstream> <string>
                     <vector> <fmt/format.h>)

# odin_library(NAME SOURCE...): the library odin_NAME of the folder NAME, odin::NAME for users.
function(odin_library name)
  add_library(odin_${name} STATIC ${ARGN})
  add_library(odin::${name} ALIAS odin_${name})
  set_target_properties(odin_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(odin_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                                                 $<INSTALL_INTERFACE:include/odin>)
  target_compile_features(odin_${name} PUBLIC cxx_std_20)
  target_link_libraries(odin_${name} PRIVATE $<BUILD_INTERFACE:odin_options>)
  # Those after odin_nn share its precompiled headers: they have its options, while odin_kernels is compiled for OpenMP.
  if(name MATCHES "^(kernels|nn)$")
    target_precompile_headers(odin_${name} PRIVATE ${ODIN_PRECOMPILED})
  else()
    target_precompile_headers(odin_${name} REUSE_FROM odin_nn)
  endif()
endfunction()

# odin_quickly_sanitized(TARGET): not optimised under the sanitizers, for what need not be fast there.
# Optimising takes a third to half of the time to compile.
function(odin_quickly_sanitized target)
  if(ODIN_SANITIZE)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-O0>)
  endif()
endfunction()

# odin_address_sanitized(TARGET): the same, without the undefined-behaviour sanitizer and line numbers, which take a
# third of the rest. For the tests and the option parsers of programs. The libraries do the work.
function(odin_address_sanitized target)
  odin_quickly_sanitized(${target})
  if(ODIN_SANITIZE)
    target_compile_options(${target} PRIVATE -g0)
  endif()
  set_target_properties(${target} PROPERTIES ODIN_ADDRESS_SANITIZED ON)
endfunction()

# odin_program(TARGET SOURCE...): a program of the current folder, which is installed.
function(odin_program target)
  add_executable(${target} ${ARGN})
  target_link_libraries(${target} PRIVATE odin_options)
  # A program reads its options and leaves the work to libraries. With -O3 its option parser would
  # take twice as long to compile.
  target_compile_options(${target} PRIVATE $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CONFIG:Release>>:-O1>)
  odin_address_sanitized(${target})
  set_property(GLOBAL APPEND PROPERTY ODIN_PROGRAMS ${target})
endfunction()
