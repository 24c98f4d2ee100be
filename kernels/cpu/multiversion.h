// Marks plain loops for the compiler to vectorise.
#pragma once

// A function that is compiled once for each instruction set; the program picks one when it starts.
// (ThreadSanitizer cannot run the code that picks.)
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
#define ODIN_MULTIVERSION __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define ODIN_MULTIVERSION
#endif

// The iterations of the next loop do not depend on each other, even if the pointers are equal.
#ifdef __clang__
#define ODIN_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define ODIN_INDEPENDENT _Pragma("GCC ivdep")
#endif
