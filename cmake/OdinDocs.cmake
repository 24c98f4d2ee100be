# cmake --build BUILD --target docs: Doxygen pages of the headers and the READMEs, in BUILD/docs/html. A warning is an
# error. The target exists where Doxygen is installed (Debian: doxygen).
find_package(Doxygen QUIET)
if(NOT DOXYGEN_FOUND)
  return()
endif()
set(DOXYGEN_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/docs)
set(DOXYGEN_FILE_PATTERNS *.h *.md)
set(DOXYGEN_USE_MDFILE_AS_MAINPAGE ${PROJECT_SOURCE_DIR}/README.md)
set(DOXYGEN_STRIP_FROM_PATH ${PROJECT_SOURCE_DIR})
set(DOXYGEN_EXTRACT_ALL YES)
set(DOXYGEN_JAVADOC_AUTOBRIEF YES)
set(DOXYGEN_GENERATE_LATEX NO)
set(DOXYGEN_EXCLUDE_SYMBOLS fmt::*)  # our specialisations confuse Doxygen
set(DOXYGEN_HAVE_DOT NO)
set(DOXYGEN_QUIET YES)
set(DOXYGEN_WARN_IF_INCOMPLETE_DOC NO)
set(DOXYGEN_WARN_AS_ERROR FAIL_ON_WARNINGS)
# Headers have plain comments, which Doxygen ignores: over a declaration, or after it on the same line.
set(DOXYGEN_FILTER_PATTERNS "*.h=\"sed -E -f ${PROJECT_SOURCE_DIR}/cmake/doxygen_comments.sed\"")
set(DOXYGEN_VERBATIM_VARS DOXYGEN_FILTER_PATTERNS)
set(pages README.md CONTRIBUTING.md CHANGELOG.md SECURITY.md kernels nn weights eval tools)
list(TRANSFORM pages PREPEND ${PROJECT_SOURCE_DIR}/)
doxygen_add_docs(docs ${pages} COMMENT "Doxygen pages in ${PROJECT_BINARY_DIR}/docs/html")
