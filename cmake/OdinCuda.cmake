# Decides whether the CUDA back end is built (ODIN_CUDA) and sets ODIN_WITH_CUDA accordingly.
#
# AUTO: if nvcc and cuDNN are found. ON: always; it is an error if they are not found. OFF: never.
# CUDNN_ROOT names a folder with include/ and lib/ if cuDNN is not next to the CUDA toolkit.
set(ODIN_WITH_CUDA OFF)
if(ODIN_CUDA STREQUAL "OFF")
  return()
endif()

if(NOT CMAKE_CUDA_COMPILER)
  find_program(ODIN_NVCC nvcc HINTS ENV CUDACXX ENV CUDA_HOME ENV CUDA_PATH /usr/local/cuda
               PATH_SUFFIXES bin)
  mark_as_advanced(ODIN_NVCC)
  if(ODIN_NVCC)
    set(CMAKE_CUDA_COMPILER ${ODIN_NVCC})
  endif()
endif()
if(CMAKE_CUDA_COMPILER)
  get_filename_component(nvcc_folder ${CMAKE_CUDA_COMPILER} DIRECTORY)
  find_path(CUDNN_INCLUDE_DIR cudnn_graph.h HINTS ${CUDNN_ROOT} ${nvcc_folder}/.. /usr/local/cuda
            PATH_SUFFIXES include)
  find_library(CUDNN_LIBRARY NAMES cudnn libcudnn.so.9
               HINTS ${CUDNN_ROOT} ${nvcc_folder}/.. /usr/local/cuda PATH_SUFFIXES lib64 lib)
  mark_as_advanced(CUDNN_INCLUDE_DIR CUDNN_LIBRARY)
endif()

if(NOT CMAKE_CUDA_COMPILER OR NOT CUDNN_INCLUDE_DIR OR NOT CUDNN_LIBRARY)
  if(NOT CMAKE_CUDA_COMPILER)
    set(missing "nvcc was not found (set CMAKE_CUDA_COMPILER)")
  else()
    set(missing "cuDNN 9 was not found (set CUDNN_ROOT)")
  endif()
  if(ODIN_CUDA STREQUAL "ON")
    message(FATAL_ERROR "ODIN_CUDA is ON, but ${missing}; or build for the CPU with -DODIN_CUDA=OFF.")
  endif()
  message(STATUS "CUDA back end: off, ${missing}")
  return()
endif()

# Ampere (A100; RTX 30), Ada, Hopper, and the GPUs of this machine if they are newer. `native` compiles
# only for the latter.
set(architectures 80 86 89 90)
find_program(ODIN_NVIDIA_SMI nvidia-smi)
mark_as_advanced(ODIN_NVIDIA_SMI)
if(ODIN_NVIDIA_SMI)
  execute_process(COMMAND ${ODIN_NVIDIA_SMI} --query-gpu=compute_cap --format=csv,noheader
                  OUTPUT_VARIABLE capabilities ERROR_QUIET)
  string(REGEX MATCHALL "[0-9]+\\.[0-9]" capabilities "${capabilities}")
  string(REPLACE "." "" capabilities "${capabilities}")
  foreach(capability IN LISTS capabilities)
    if(capability GREATER 80)
      list(APPEND architectures ${capability})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES architectures)
endif()
set(CMAKE_CUDA_ARCHITECTURES "${architectures}" CACHE STRING "GPU architectures to compile for")
enable_language(CUDA)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know it of nvcc 13
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
endif()
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
set(CMAKE_CUDA_EXTENSIONS OFF)
find_package(CUDAToolkit 12 REQUIRED)

set(ODIN_WITH_CUDA ON)
message(STATUS "CUDA back end: on, nvcc ${CMAKE_CUDA_COMPILER_VERSION}, architectures "
               "${CMAKE_CUDA_ARCHITECTURES}")

# odin_link_cuda(TARGET): compiles its .cu files with warnings as strict as g++'s elsewhere and links
# what they need. The run-time library is linked statically, so that programs also start without a
# driver.
function(odin_link_cuda target)
  target_compile_definitions(${target} PUBLIC ODIN_WITH_CUDA)
  set(warnings -Wall,-Wextra,-Wshadow)
  # fmt 9 takes nvcc for a compiler without constexpr functions and then uses them all the same.
  target_compile_definitions(${target} PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:FMT_USE_CONSTEXPR=1>)
  target_compile_options(${target} PRIVATE
    "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=${warnings};--expt-relaxed-constexpr>"
    "$<$<AND:$<COMPILE_LANGUAGE:CUDA>,$<BOOL:${ODIN_WARNINGS_AS_ERRORS}>>:-Werror=all-warnings>")
  target_include_directories(${target} SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS}
                                                      ${CUDNN_INCLUDE_DIR})
  target_link_libraries(${target} PRIVATE CUDA::cudart_static CUDA::cublas CUDA::cublasLt
                                          ${CUDNN_LIBRARY})
endfunction()
