# Decides whether the Python package is built (ODIN_PYTHON_PACKAGE) and sets ODIN_WITH_PYTHON accordingly.
#
# AUTO: if ODIN_PYTHON has its headers (python3-dev) and nanobind, which is on PyPI only. ON: always; it is an error
# if they are not found. OFF: never. pip, which builds with scikit-build-core, chooses the interpreter itself.
set(default_python /usr/bin/python3)
if(EXISTS ${PROJECT_SOURCE_DIR}/build/python/bin/python)  # tools/python/get_nanobind makes it
  set(default_python ${PROJECT_SOURCE_DIR}/build/python/bin/python)
endif()
set(ODIN_PYTHON ${default_python} CACHE FILEPATH
    "Python for which the package is built, with PyTorch, scikit-learn, Pillow and h5py, which tests compare with")
set(ODIN_PYTHON_PACKAGE AUTO CACHE STRING "Build the Python package: AUTO (where nanobind is found), ON or OFF")
set_property(CACHE ODIN_PYTHON_PACKAGE PROPERTY STRINGS AUTO ON OFF)
set(ODIN_WITH_PYTHON OFF)
set(missing "")
if(ODIN_PYTHON_PACKAGE STREQUAL "OFF")
  set(missing "it is switched off")
elseif(ODIN_SANITIZE)
  set(missing "Python cannot load a library with sanitizers")
else()
  if(NOT DEFINED SKBUILD)
    set(Python_EXECUTABLE ${ODIN_PYTHON})
  endif()
  find_package(Python 3.10 QUIET COMPONENTS Interpreter Development.Module)
  execute_process(COMMAND ${Python_EXECUTABLE} -m nanobind --cmake_dir OUTPUT_VARIABLE folder ERROR_QUIET
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  # Not where an earlier run found it: pip installs it to another folder each time.
  set(nanobind_DIR "${folder}" CACHE PATH "nanobind's CMake files" FORCE)
  mark_as_advanced(nanobind_DIR)
  if(NOT Python_Development.Module_FOUND)
    set(missing "${Python_EXECUTABLE} is not Python 3.10 or newer with its headers (python3-dev)")
  elseif(NOT folder)
    set(missing "${Python_EXECUTABLE} has no nanobind (pip install nanobind)")
  endif()
endif()

if(NOT missing)
  find_package(nanobind 3.1 CONFIG REQUIRED)
  set(ODIN_WITH_PYTHON ON)
elseif(ODIN_PYTHON_PACKAGE STREQUAL "ON")
  message(FATAL_ERROR "ODIN_PYTHON_PACKAGE is ON, but ${missing}.")
endif()
set(ODIN_WITHOUT_PYTHON_BECAUSE "${missing}")
message(STATUS "Python package: ${ODIN_WITH_PYTHON} ${missing}")
