# cmake -DSOURCE=... -DBUILD=... -DWORK=... -DPYTHON=... -DGENERATOR=... -DCOMPILER=... -DFLAGS=... -P install_test.cmake
# Installs the project from BUILD and builds the example against it. Then its programs score images of the bundled
# data, and judge images in C and in C++, which must give the same verdicts to the last digit.
file(REMOVE_RECURSE ${WORK})
set(network ${SOURCE}/weights/densenet_bc_100_fashion_mnist.h5)
set(pictures ${WORK}/pictures)
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "failed (${status}): ${ARGN}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
run(${CMAKE_COMMAND} -S ${SOURCE}/tests/install/example -B ${WORK}/build -G ${GENERATOR}
    -DCMAKE_PREFIX_PATH=${WORK}/prefix -DCMAKE_CXX_COMPILER=${COMPILER}
    -DCMAKE_C_FLAGS=${FLAGS} -DCMAKE_CXX_FLAGS=${FLAGS})
run(${CMAKE_COMMAND} --build ${WORK}/build)

run(${WORK}/build/score_images ${network} uniform)
string(REGEX MATCHALL "0\\.1[0-9]+" scores "${output}")
list(LENGTH scores count)
if(NOT count EQUAL 10)
  message(FATAL_ERROR "ten scores just above 1/10 were expected, not:\n${output}")
endif()

run(${PYTHON} ${CMAKE_CURRENT_LIST_DIR}/make_pictures.py ${pictures})
run(${WORK}/prefix/bin/odin_calibrate --weights ${network} --in folder:${pictures} --magnitude 0.004 --quiet
    --out ${WORK}/detector.h5)
file(GLOB files ${pictures}/*.png)
run(${WORK}/build/judge ${WORK}/detector.h5 ${files})
set(in_c "${output}")
run(${WORK}/build/judge_images ${WORK}/detector.h5 ${files})
if(NOT in_c STREQUAL output OR NOT in_c MATCHES "^in 0\\.1" OR NOT in_c MATCHES "\nout 0\\.1")
  message(FATAL_ERROR "in C:\n${in_c}\nin C++:\n${output}")
endif()
