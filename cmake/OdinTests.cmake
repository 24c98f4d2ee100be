# Test programs and their tests. CTest chooses tests by label:
#   slow        takes long and finds nothing more under the sanitizers; the asan preset leaves it out
#   gpu         needs a GPU; skipped without one
#   needs-data  reads ../shared, real data that is not in this repository; skipped without it
find_package(doctest REQUIRED)  # doctest-dev

# odin_test_options(TARGET): only what is tested must be fast. Optimising the tests too, and reading their headers in
# every source, would double the time to compile them.
function(odin_test_options target)
  target_compile_options(${target} PRIVATE $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CONFIG:Release>>:-O0>)
  odin_address_sanitized(${target})
endfunction()

# odin_test(NAME SOURCE... LINK LIBRARY... [LABELS LABEL...]): the test program test_NAME. CTest runs
# each of its TEST_CASEs on its own, as "NAME: test case". A test case has the labels of its program
# and those in its suite: TEST_CASE("name" * doctest::test_suite("slow needs-data")).
function(odin_test name)
  cmake_parse_arguments(ARG "" "" "LINK;LABELS" ${ARGN})
  set(target test_${name})
  add_executable(${target} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${target} PRIVATE odin_test_support ${ARG_LINK})
  odin_test_options(${target})
  target_precompile_headers(${target} REUSE_FROM odin_test_headers)
  target_compile_definitions(${target} PRIVATE ODIN_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                                               ODIN_BINARY_DIR="${PROJECT_BINARY_DIR}"
                                               ODIN_PYTHON="${ODIN_PYTHON}")

  # The program lists its test cases once it is built.
  set(tests ${CMAKE_CURRENT_BINARY_DIR}/${target}_tests.cmake)
  string(JOIN " " labels ${ARG_LABELS})
  add_custom_command(TARGET ${target} POST_BUILD BYPRODUCTS ${tests} VERBATIM
    COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:${target}> -DNAME=${name} "-DLABELS=${labels}"
            -DLEAKS=${PROJECT_SOURCE_DIR}/tests/leaks_of_others.txt -DOUTPUT=${tests}
            -P ${PROJECT_SOURCE_DIR}/cmake/list_test_cases.cmake)
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/${target}_include.cmake
       "if(EXISTS \"${tests}\")\n  include(\"${tests}\")\n"
       "else()\n  add_test(\"${name}: not built\" ${target})\nendif()\n")
  set_property(DIRECTORY APPEND PROPERTY
    TEST_INCLUDE_FILES ${CMAKE_CURRENT_BINARY_DIR}/${target}_include.cmake)
endfunction()

# odin_python_tests(NAME SCRIPT... [LABELS LABEL...] [ENVIRONMENT VARIABLE=VALUE...]): CTest
# runs each test method of the scripts on its own, as "NAME: method". The comment "# labels: LABEL..."
# after a method's name adds labels. "# serial": nothing else runs at the same time.
function(odin_python_tests name)
  cmake_parse_arguments(ARG "" "" "LABELS;ENVIRONMENT" ${ARGN})
  foreach(script IN LISTS ARG_UNPARSED_ARGUMENTS)
    set(script ${CMAKE_CURRENT_SOURCE_DIR}/${script})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${script})
    file(STRINGS ${script} lines REGEX "^(class |    def test_)")
    foreach(line IN LISTS lines)
      if(line MATCHES "^class ([A-Za-z0-9_]+)")
        set(class ${CMAKE_MATCH_1})
      elseif(line MATCHES "def (test_[A-Za-z0-9_]+)")
        set(method ${CMAKE_MATCH_1})
        set(labels ${ARG_LABELS})
        if(line MATCHES "# labels: (.*)")
          string(REPLACE " " ";" own_labels "${CMAKE_MATCH_1}")
          list(APPEND labels ${own_labels})
        endif()
        string(REGEX MATCH "# serial$" serial "${line}")
        add_test(NAME "${name}: ${method}" COMMAND ${ODIN_PYTHON} ${script} ${class}.${method})
        set_tests_properties("${name}: ${method}" PROPERTIES SKIP_REGULAR_EXPRESSION "\\[SKIPPED\\]"
          TIMEOUT 300 RUN_SERIAL $<BOOL:${serial}> LABELS "${labels}" ENVIRONMENT "${ARG_ENVIRONMENT}")
      endif()
    endforeach()
  endforeach()
endfunction()
