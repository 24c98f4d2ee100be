# shellcheck shell=bash
# The programs that gpu_check.sh runs: where they come from, and how they are packed.
programs=(tests/kernels/test_kernels tests/kernels/test_cuda_kernels tests/kernels/test_cuda_plans
  tests/kernels/test_cuda_half tests/nn/test_nn_on_cuda tests/tools/test_training
  tools/odin_bench tools/cuda_kernel_bench eval/odin_eval tools/train)

# compile FOLDER ARCHITECTURES [OPTION...]: builds them.
compile() {
  cmake -S . -B "$1" -G Ninja -DODIN_CUDA=ON -DCMAKE_BUILD_TYPE=Release -DODIN_BUILD_TESTS=ON \
    "-DCMAKE_CUDA_ARCHITECTURES=$2" ${cudnn:+"-DCUDNN_ROOT=${cudnn%/lib}"} "${@:3}" &&
    cmake --build "$1" --target "${programs[@]}"
}

# make_pack FILE ARCHITECTURE: compiles and packs them.
make_pack() {
  set -e
  local folder=build/gpu-$2 program kind
  compile "$folder" "$2" -DCMAKE_DISABLE_FIND_PACKAGE_MPI=ON # MPI's libraries need the newest C library
  rm -rf build/pack
  for program in "${programs[@]}"; do
    install -D -s "$folder/$program" "build/pack/$program"
    # A machine with a GPU has the C library, the compiler's libraries and NVIDIA's.
    ldd "$folder/$program" | awk '$3 ~ /^\// {print $3}' |
      grep -Ev '/(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|stdc\+\+|gcc_s|cuda|cudart|cublas|cublasLt|cudnn.*|nvrtc.*))\.so' |
      xargs -r install -D -t build/pack/lib
  done
  for kind in images-idx3 labels-idx1; do
    install -D -t build/pack/data "$images-$kind-ubyte.gz"
  done
  git describe --always --dirty >build/pack/commit
  tar -C build/pack -czf "$1" .
  ls -l "$1"
}

# find_libraries: sets `libraries` to the folders of NVIDIA's Python packages, which may hold the only cuDNN and cuBLAS,
# and `cudnn` to cuDNN's.
find_libraries() {
  libraries=$(timeout -k 1 20 "$python" - <<'END'
import glob, os, site
folders = []
for base in site.getsitepackages() + [site.getusersitepackages()]:
    folders += sorted(glob.glob(os.path.join(base, "nvidia", "*", "lib")))
print(":".join(folders))
END
  )
  cudnn=$(tr : '\n' <<<"$libraries" | grep '/cudnn/' | head -1)
}

# find_programs: sets `build` to a folder with the programs: the given build, the unpacked pack, or a build made now.
# Sets `commit`, `images`, the folders `tests` and `tools`, and `ours`, which starts one of our programs.
find_programs() {
  commit=$(git describe --always --dirty 2>/dev/null || echo unknown)
  if [[ -z $build ]]; then
    build=$PWD/build/gpu-native
    compile "$build" native >"$out/log.txt" 2>&1 || { tail -n 100 "$out/log.txt"; exit 1; }
    begin=$(now)
  fi
  if [[ -f $build ]]; then
    mkdir "$work/pack"
    tar -C "$work/pack" -xzf "$build" || exit 1
    build=$work/pack
  elif [[ ! -d $build ]]; then
    echo "there is no build and no pack '$build'" >&2
    exit 2
  fi
  if [[ -f $build/commit ]]; then # a pack, unpacked now or before
    build=$(cd "$build" && pwd)
    commit=$(cat "$build/commit")
    images=$build/data/t10k
  fi
  tests=$build/tests/kernels tools=$build/tools
  # Python brings its own libraries; only our programs get these.
  ours=(env "LD_LIBRARY_PATH=$build/lib:${LD_LIBRARY_PATH:-}:/usr/local/cuda/lib64:$libraries")
}
