#!/usr/bin/env bash
# Shows that the tests of the emulated kernels can fail. Breaks a copy of the CUDA sources in one place at a time and
# expects a test to notice. Exit status 1 if a break was not noticed, or if the tests fail on the unbroken sources.
#
#     tests/cuda_on_cpu/mutations.sh [FOLDER [WORDS]]
#
# FOLDER holds the copy and its build (default: build/mutations); a second run compiles little. With WORDS, only the
# mutations whose names contain WORDS are tried.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=${1:-build/mutations} only=${2:-}
mkdir -p "$folder/source"
folder=$(cd "$folder" && pwd)
source=$folder/source

git ls-files -z | while IFS= read -r -d '' file; do # copies only what differs, so that little is compiled again
  cmp -s "$file" "$source/$file" || install -D "$file" "$source/$file"
done
cmake -S "$source" -B "$folder/build" -G Ninja -DODIN_CUDA=OFF -DODIN_WATCH_KERNELS=ON -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_CXX_FLAGS_RELEASE=-O1 >"$folder/configure.log"

run() { # run PROGRAM TESTS: builds and runs them; the status is that of the tests
  cmake --build "$folder/build" --target "test_$1" >"$folder/build.log" || {
    tail -30 "$folder/build.log" >&2
    echo "it does not compile" >&2
    exit 2
  }
  TSAN_OPTIONS=halt_on_error=1 timeout 600 "$folder/build/tests/kernels/test_$1" --test-case="$2" >"$folder/test.log" 2>&1
}

failed=0
# mutation NAME FILE OLD NEW PROGRAM TESTS: the one OLD in the file becomes NEW; TESTS of PROGRAM must fail.
mutation() {
  local name=$1 file=$source/kernels/cuda/$2
  [[ $name == *"$only"* ]] || return 0
  cp "$file" "$folder/whole"
  OLD=$3 NEW=$4 perl -0pi -e 's/\Q$ENV{OLD}\E/$ENV{NEW}/g == 1 or die "the text to break is not in the file exactly once\n"' "$file"
  if run "$5" "$6"; then
    echo "NOT NOTICED: $name ($2)"
    failed=1
  else
    echo "noticed: $name ($2)"
    grep -m1 -E 'ERROR:|WARNING: ThreadSanitizer' "$folder/test.log" | sed 's/^/    /' || true
  fi
  cp "$folder/whole" "$file" # a new time, so that it is compiled again
}

kernels=cuda_kernels_on_cpu backend=cuda_backend_on_cpu watched=cuda_kernels_watched
for program in $kernels $backend; do
  run $program '*' || { echo "the tests of $program fail unbroken"; exit 1; }
done

# Barriers and waits.
mutation 'barrier before the slabs are multiplied' conv/gemm.cuh \
  $'    __syncthreads();\n    start_loading' '    start_loading' $kernels 'cuda: convolution forward*'
mutation 'copies waited for one step late' conv/gemm.cuh \
  'wait_for_copies<kStages - 2>' 'wait_for_copies<kStages - 1>' $kernels 'cuda: convolution forward*'
mutation 'loads that products are not shown' conv/wgmma.cuh \
  '    publish_to_products();' '' $kernels 'cuda: convolution forward*'
mutation 'slabs overwritten while products read them' conv/wgmma.cuh \
  'wait_for_products<1>' 'wait_for_products<2>' $kernels 'cuda: convolution forward*'
mutation 'sums read before the products are finished' conv/wgmma.cuh \
  '    wait_for_products<0>();' '' $kernels 'cuda: convolution forward*'
mutation 'barrier between writing and reading a transposed tile' conv/layout.cu \
  $'  __syncthreads();\n  for (int y = static_cast<int>(threadIdx.y); y < kTile; y += kRows) {\n    const int channel' \
  $'  for (int y = static_cast<int>(threadIdx.y); y < kTile; y += kRows) {\n    const int channel' \
  $kernels 'cuda: between NCHW and NHWC'
mutation 'barrier before a team merges its moments' batch_norm.cu \
  $'part[member][lane] = moments;\n  __syncthreads();' 'part[member][lane] = moments;' $kernels 'cuda: batch norm in training'
mutation 'barrier before the staged sums are read' conv/write_tile.cuh \
  $'  }\n  __syncthreads();\n\n  const Epilogue' $'  }\n\n  const Epilogue' $kernels 'cuda: convolution forward*'
mutation 'barrier before pixels that others have loaded are multiplied' conv/halo.cu \
  $'  wait_for_copies<0>();\n  __syncthreads();' '  wait_for_copies<0>();' $kernels 'cuda: convolution forward*'
mutation 'pixels multiplied before they have arrived' conv/halo.cu \
  $'  wait_for_copies<0>();\n' '' $kernels 'cuda: convolution forward*'
# Only a race: fibers on one ordinary thread never lose it, but ThreadSanitizer sees it.
mutation 'barrier before products read what others have loaded' conv/wgmma.cuh \
  $'    __syncthreads();\n    tile.start' '    tile.start' $watched 'cuda: convolution forward*'
mutation 'barrier before sums are staged where others still multiply' conv/write_tile.cuh \
  '  __syncthreads();  // all threads are done with the slabs' '' $watched 'cuda: convolution forward*'
mutation 'barrier before the parts of a sum are written again' conv/filter_gradient.cu \
  '    __syncthreads();  // before the parts are written again' '' $watched 'cuda: convolution backward to the filter'

# Indices off by one.
mutation 'a row of the window beyond the lower border' conv/slab.cuh \
  'at(first_line) < static_cast<unsigned>(g.source.height)' 'at(first_line) <= static_cast<unsigned>(g.source.height)' \
  $kernels 'cuda: convolution forward*'
mutation 'a column of the window beyond the right border' conv/slab.cuh \
  'at(first_column) < static_cast<unsigned>(g.source.width)' 'at(first_column) <= static_cast<unsigned>(g.source.width)' \
  $kernels 'cuda: convolution forward*'
mutation 'rows of the tile that go on in the same image' conv/slab.cuh \
  'line = 0, ++image' 'line = 0' $kernels 'cuda: convolution forward*'
mutation 'a piece beyond the last channel' conv/slab.cuh \
  'begin < bytes' 'begin <= bytes' $kernels 'cuda: convolution forward*'
mutation 'pieces wider than the pixels are aligned for' conv/gemm.cpp \
  'is_aligned_to(8, source) ? 8 : 4' 'is_aligned_to(4, source) ? 8 : 4' $kernels 'cuda: convolution forward*'
mutation 'a tap in the right column of the wrong line' conv/gemm.cpp \
  'tap.row * source_width + tap.column' 'tap.row + tap.column' $kernels 'cuda: convolution forward*'
mutation 'pixels that no tap reaches, left as they were' conv/gemm.cpp \
  'part.taps == 0 && c.accumulate' 'part.taps == 0' $kernels 'cuda: convolution backward to the data*'
mutation 'pixels that no tap reaches, added zero to' conv/gemm.cpp \
  'part.taps == 0 && c.accumulate' 'false' $kernels 'cuda: a gradient that is added to*'
mutation 'the fragment of the wrong row' conv/tile.cuh \
  'static_cast<int>(threadIdx.x % 16)' 'static_cast<int>((threadIdx.x + 1) % 16)' $kernels 'cuda: convolution forward*'
mutation 'rows that lie otherwise than their descriptor says' device/warpgroup.cuh \
  'row & 7' 'row >> 1 & 7' $kernels 'cuda: convolution forward*'
mutation 'a descriptor whose groups of rows are too near' device/warpgroup.cuh \
  'kEightRows >> 4' 'kEightRows >> 5' $kernels 'cuda: convolution forward*'
mutation 'a tap that ends a chunk late' conv/wgmma.cuh \
  'channel >= depth' 'channel > depth' $kernels 'cuda: convolution forward*'
mutation 'four channels written where three are left' conv/epilogue.cuh \
  'channel + 4 <= e.target.channels' 'channel + 3 <= e.target.channels' $kernels 'cuda: convolution backward to the data*'
mutation 'pieces that reach beyond the last channel' conv/write_tile.cuh \
  'while (count % width != 0) width /= 2;' 'if (width == 8 && count % 8 != 0) width = 4;' \
  $kernels 'cuda: convolution forward*'
mutation 'pieces wider than an operand is aligned for' conv/epilogue.cpp \
  'fits(e.addend, width) && ' '' $kernels 'cuda: an epilogue takes*'
mutation 'staged sums whose pairs of chunks change places for the reader alone' conv/write_tile.cuh \
  'load<4>(at(row, channel + 4))' 'load<4>(at(row, channel) + 4)' $kernels 'cuda: convolution forward*'
mutation 'a row of the tile that no thread writes' conv/write_tile.cuh \
  'begin += kAtOnce * Rows::kDistance' 'begin += (kAtOnce + 1) * Rows::kDistance' $kernels 'cuda: convolution forward*'
mutation 'a mask of the pixel that another tap leads to' conv/slab.cuh \
  'tap == g.mask_tap' 'tap == g.mask_tap + 1' $kernels 'cuda: convolution forward*'
mutation 'the bit of the next channel' conv/epilogue.cuh \
  '>> channel % kMasked<T>' '>> (channel + 1) % kMasked<T>' $kernels 'cuda: convolution backward to the data*'
mutation 'a pool that reads beyond its window' average_pool.cu \
  'j < window.size' 'j <= window.size' $kernels 'cuda: average pooling*'
mutation 'the last lane left out of a sum' device/reduce.cuh \
  'distance > 0' 'distance > 1' $kernels 'cuda: linear*'
mutation 'dropout that counts in another order' dropout.cu \
  'first + i * image_pixels' 'first + i' $kernels 'cuda: dropout*'

mutation 'a halo that is a pixel too short' conv/halo.cu \
  'zeros(Tile::kM + 2 * (g.source.width + 1))' 'zeros(Tile::kM + 2 * (g.source.width + 1) - 1)' $kernels 'cuda: convolution forward*'
mutation 'a neighbour across the border instead of zeros' conv/halo.cu \
  '(inside[i] >> t & 1u) != 0 ? row : rows.zeros' 'row' $kernels 'cuda: convolution forward*'
mutation 'weights of the next tap' conv/halo.cu \
  'rows.weights + t * Tile::kN' 'rows.weights + (t + 1) % 9 * Tile::kN' $kernels 'cuda: convolution forward*'

mutation 'a second output without the rounding of the first' conv/epilogue.cuh \
  'to_float(to<T>(z.v[i]))' 'z.v[i]' $kernels 'cuda: convolution forward with what its readers*'
mutation 'the second output in the place of the first' conv/epilogue.cuh \
  'e.normalised.pitch + channel' 'e.target.pitch + channel' $kernels 'cuda: convolution forward with what its readers*'
mutation 'a second output that is given back before it is read' plan/memory_layout.cpp \
  '        normalised(b.normalised_by);' '' $backend 'what is normalised*'
mutation 'a prologue that is applied twice' conv/own_plan_convolution.cpp \
  'if (!operands.normalised) convolution' 'convolution' $backend 'plans*'
mutation 'a mask that only the first of its readers finds' plan/memory_layout.cpp \
  'input_masks_[mask_owner(backward, i)];' 'input_masks_[i];' $backend 'plans*'
mutation 'readers with another prologue' plan/backward.cpp \
  'reader->prologue->scale != prologue->scale' 'false' $backend 'a step normalises*'

# Meaning.
mutation 'a zero gradient that moves no pixel up' perturb.cu 'g.v[i] >= 0' 'g.v[i] > 0' $kernels "cuda: ODIN's*"
mutation 'the biased variance kept' batch_norm.cu 'pixels - 1' 'pixels' $kernels 'cuda: batch norm in training'
mutation 'uploads that no other stream waits for' runtime/upload.cpp 'synchronize(nullptr);' '' $backend 'uploaded values*'
mutation 'memory that runs out late is no reason for a smaller batch' plan/plan_executor.cpp \
  'halve_batch(n, e);' 'throw;' $backend 'memory that runs out*'

exit $failed
