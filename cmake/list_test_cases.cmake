# cmake -DPROGRAM=... -DNAME=... -DLABELS=... -DLEAKS=... -DOUTPUT=... -P list_test_cases.cmake
# Writes OUTPUT, which adds every test case of the doctest program PROGRAM to CTest (see odin_test).
execute_process(COMMAND ${PROGRAM} --list-test-cases --reporters=xml
                OUTPUT_VARIABLE listing RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} cannot list its test cases (exit status ${status}):\n${listing}")
endif()
# A semicolon would end an element of a CMake list.
foreach(entity lt gt quot amp)
  string(REPLACE "&${entity};" "&${entity}" listing "${listing}")
endforeach()
if(listing MATCHES "[][;]")
  message(FATAL_ERROR "${PROGRAM}: the name of a test case must not contain [, ] or a semicolon")
endif()

set(script "")
string(REGEX MATCHALL "<TestCase [^\n]*" cases "${listing}")
foreach(case IN LISTS cases)
  string(REGEX MATCH " name=\"([^\"]*)\"" _ "${case}")
  string(REPLACE "&lt" "<" test "${CMAKE_MATCH_1}")
  string(REPLACE "&gt" ">" test "${test}")
  string(REPLACE "&quot" "\"" test "${test}")
  string(REPLACE "&amp" "&" test "${test}")
  string(REPLACE "," "\\," filter "${test}")  # a bare comma separates filters

  string(REPLACE " " ";" labels "${LABELS}")
  if(case MATCHES " testsuite=\"([^\"]*)\"")
    string(REPLACE " " ";" suite "${CMAKE_MATCH_1}")
    list(APPEND labels ${suite})
  endif()
  if(test MATCHES "<cuda")  # a templated test case on the GPU
    list(APPEND labels gpu)
  endif()
  string(APPEND script
    "add_test([==[${NAME}: ${test}]==] [==[${PROGRAM}]==] [==[--test-case=${filter}]==])\n"
    "set_tests_properties([==[${NAME}: ${test}]==] PROPERTIES TIMEOUT 300 LABELS \"${labels}\"\n"
    "  ENVIRONMENT [==[LSAN_OPTIONS=suppressions=${LEAKS}]==]\n"
    "  SKIP_REGULAR_EXPRESSION [==[\\[SKIPPED\\]]==] FAIL_REGULAR_EXPRESSION [==[test cases: +0 ]==])\n")
endforeach()
file(WRITE ${OUTPUT} "${script}")
