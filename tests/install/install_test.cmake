# cmake -DSOURCE=... -DBUILD=... -DWORK=... -DGENERATOR=... -DCOMPILER=... -DFLAGS=... -P install_test.cmake
# Installs the project from BUILD, builds the example against it and scores images of the bundled data.
file(REMOVE_RECURSE ${WORK})
foreach(command
    "${CMAKE_COMMAND};--install;${BUILD};--prefix;${WORK}/prefix"
    "${CMAKE_COMMAND};-S;${SOURCE}/tests/install/example;-B;${WORK}/build;-G;${GENERATOR};-DCMAKE_PREFIX_PATH=${WORK}/prefix;-DCMAKE_CXX_COMPILER=${COMPILER};-DCMAKE_CXX_FLAGS=${FLAGS}"
    "${CMAKE_COMMAND};--build;${WORK}/build"
    "${WORK}/build/score_images;${SOURCE}/weights/densenet_bc_100_fashion_mnist.h5;uniform")
  execute_process(COMMAND ${command} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "failed (${status}): ${command}\n${output}")
  endif()
endforeach()
string(REGEX MATCHALL "0\\.1[0-9]+" scores "${output}")
list(LENGTH scores count)
if(NOT count EQUAL 10)
  message(FATAL_ERROR "ten scores just above 1/10 were expected, not:\n${output}")
endif()
