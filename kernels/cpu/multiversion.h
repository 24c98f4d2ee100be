// Marks on plain loops that the compiler is to vectorise.
#pragma once

// A function compiled once for each instruction set, chosen when the program starts.
// (ThreadSanitizer cannot run the code that chooses.)
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
#define ODIN_MULTIVERSION __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define ODIN_MULTIVERSION
#endif

// The next loop's iterations do not depend on each other, even where the pointers are equal.
#ifdef __clang__
#define ODIN_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define ODIN_INDEPENDENT _Pragma("GCC ivdep")
#endif
