#!/usr/bin/env bash
# Fuzzes the reader of PyTorch's files with libFuzzer and the address and undefined-behaviour sanitizers, from a
# fresh corpus, for SECONDS (60 by default). Fails if it finds anything. Findings and the corpus stay in build/fuzz.
#
#     tests/tools/pytorch/fuzz.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/../../.."
seconds=${1:-60}
build=build/fuzz
cmake -S . -B "$build" -G Ninja -DCMAKE_CXX_COMPILER=clang++-14 -DCMAKE_BUILD_TYPE=Debug \
  -DODIN_CUDA=OFF -DODIN_FUZZ=ON >"$build.log" 2>&1 || { cat "$build.log" >&2; exit 1; }
cmake --build "$build" --target fuzz_pytorch_reader
/usr/bin/python3 tests/tools/pytorch/make_fuzz_corpus.py "$build/corpus"
# A file of at most 64 KiB must be read within a second (five with the sanitizers on a busy machine) and little memory.
export ASAN_OPTIONS=quarantine_size_mb=16
"$build/tests/tools/fuzz_pytorch_reader" -max_total_time="$seconds" -max_len=65536 -timeout=5 -rss_limit_mb=512 \
  -malloc_limit_mb=128 -print_final_stats=1 -dict=tests/tools/pytorch/fuzz_pytorch_reader.dict \
  -artifact_prefix="$build/" "$build/corpus"
