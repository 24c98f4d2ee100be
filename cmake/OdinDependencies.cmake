# Finds the libraries that the project uses. The comments name Debian's packages.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)            # libfmt-dev
find_package(dnnl REQUIRED)           # libdnnl-dev, and ocl-icd-opencl-dev, which its configuration looks for
find_package(OpenMP REQUIRED COMPONENTS CXX) # oneDNN's runtime
find_package(HDF5 1.10.7 REQUIRED COMPONENTS C) # libhdf5-dev; H5Pset_file_locking() is new in 1.10.7
find_package(ZLIB REQUIRED)           # zlib1g-dev
find_package(OpenSSL REQUIRED COMPONENTS Crypto) # libssl-dev
find_package(PNG REQUIRED)            # libpng-dev
find_package(JPEG REQUIRED)           # libjpeg-dev
find_package(PkgConfig REQUIRED)      # pkg-config
pkg_check_modules(matio REQUIRED IMPORTED_TARGET matio) # libmatio-dev
find_package(Eigen3 3.4 REQUIRED NO_MODULE) # libeigen3-dev: headers only, MPL 2.0
find_package(CLI11 REQUIRED)          # libcli11-dev
find_package(nlohmann_json REQUIRED)  # nlohmann-json3-dev
set(MPI_CXX_SKIP_MPICXX ON)
find_package(MPI QUIET COMPONENTS CXX) # libopenmpi-dev, openmpi-bin: optional, for odin_eval on several machines
message(STATUS "MPI for odin_eval: ${MPI_CXX_FOUND}")
