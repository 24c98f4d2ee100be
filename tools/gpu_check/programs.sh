# shellcheck shell=bash
# The programs that gpu_check.sh runs: where they come from, and how they are packed.
programs=(tests/kernels/test_kernels tests/kernels/test_cuda_kernels tests/kernels/test_cuda_plans
  tests/kernels/test_cuda_half tests/nn/test_nn_on_cuda tests/tools/test_training
  tools/odin_bench tools/cuda_kernel_bench eval/odin_eval tools/train)
fashion=/usr/share/datasets/fashion-mnist/t10k # the demo's, see tools/install_dependencies.sh

# compile FOLDER ARCHITECTURES [OPTION...]: builds them.
compile() {
  cmake -S . -B "$1" -G Ninja -DODIN_CUDA=ON -DCMAKE_BUILD_TYPE=Release -DODIN_BUILD_TESTS=ON \
    "-DCMAKE_CUDA_ARCHITECTURES=$2" ${cudnn:+"-DCUDNN_ROOT=${cudnn%/lib}"} "${@:3}" &&
    cmake --build "$1" --target "${programs[@]}"
}

# make_packs: compiles the programs and packs them, with what they read.
make_packs() {
  set -e
  local folder=${build:-build/gpu-$arch} program kind
  # MPI's libraries need the newest C library.
  [[ -n $build ]] || compile "$folder" "$arch" -DCMAKE_DISABLE_FIND_PACKAGE_MPI=ON
  rm -rf build/pack
  for program in "${programs[@]}"; do
    install -D "$folder/$program" "build/pack/$program"
    strip "build/pack/$program" 2>/dev/null || true # a script of the tests has nothing to strip
    # A machine with a GPU has the C library, the compiler's libraries and NVIDIA's.
    { ldd "$folder/$program" 2>/dev/null || true; } | awk '$3 ~ /^\// {print $3}' |
      { grep -Ev '/(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|stdc\+\+|gcc_s|cuda|cudart|cublas|cublasLt|cudnn.*|nvrtc.*))\.so' ||
        true; } | xargs -r install -D -t build/pack/lib
  done
  if [[ -z $data ]]; then
    for kind in images-idx3 labels-idx1; do install -D -t build/pack/data "$fashion-$kind-ubyte.gz"; done
  fi
  git describe --always --dirty >build/pack/commit
  "$python" tools/gpu_check/packs.py pack build/pack "$pack" ${data:+--data "$data"} ${weights:+--weights "$weights"} \
    ${training:+--training "$training"}
}

# find_libraries: sets `libraries` to the folders of NVIDIA's Python packages, which may hold the only cuDNN and cuBLAS,
# `library_folders` to all folders with such libraries, and `cudnn` to cuDNN's.
find_libraries() {
  libraries=$(timeout -k 1 20 "$python" - <<'END'
import glob, os, site
folders = []
for base in site.getsitepackages() + [site.getusersitepackages()]:
    folders += sorted(glob.glob(os.path.join(base, "nvidia", "*", "lib")))
print(":".join(folders))
END
  )
  library_folders=()
  local folder
  for folder in ${libraries//:/ } /usr/local/cuda/lib64/; do
    [[ ! -d $folder ]] || library_folders+=("$folder")
  done
  cudnn=$(tr : '\n' <<<"$libraries" | grep '/cudnn/' | head -1)
}

# find_programs: sets `build` to a folder with the programs: the given build, the unpacked pack, or a build made now.
# Sets `commit`, the folders `tests` and `tools`, `ours`, which starts one of our programs, and what is evaluated.
find_programs() {
  commit=$(git describe --always --dirty 2>/dev/null || echo unknown)
  if [[ -f $work/pack/commit ]]; then # unpacked by the first call
    build=$work/pack
  elif [[ -z $build ]]; then
    build=$PWD/build/gpu-native
    compile "$build" native >"$out/log.txt" 2>&1 || { tail -n 100 "$out/log.txt"; exit 1; }
    begin=$(now)
  elif [[ -f $build ]]; then
    "$python" tools/gpu_check/packs.py unpack "$build" "$work/pack" --images test || exit 1
    build=$work/pack
  elif [[ ! -d $build ]]; then
    echo "there is no build and no pack '$build'" >&2
    exit 2
  fi
  build=$(cd "$build" && pwd)
  if [[ -f $build/commit ]]; then commit=$(cat "$build/commit"); fi
  [[ ! -f $build/data/t10k-images-idx3-ubyte.gz ]] || fashion=$build/data/t10k
  tests=$build/tests/kernels tools=$build/tools
  # Python brings its own libraries; only our programs get these.
  ours=(env "LD_LIBRARY_PATH=$build/lib:${LD_LIBRARY_PATH:-}:/usr/local/cuda/lib64:$libraries")
  choose_sets
}

# choose_sets: sets `network_file`, `test_set`, the options `others` and `train_set`. CIFAR-10 and a network for it, if they
# are given or in the pack; otherwise the bundled network and Fashion-MNIST's test images.
choose_sets() {
  local cifar=$data folder=$data network=$weights name
  others=() train_set=$data
  if [[ -s $build/test.bin ]]; then cifar=$build/test.bin folder=$build network=$build/densenet10.h5; fi
  if [[ -f $network && -e $cifar ]]; then
    network_file=$network test_set=cifar10:$cifar
    for name in LSUN_resize Imagenet_resize iSUN; do
      [[ ! -d $folder/$name ]] || others+=(--out "folder:$folder/$name")
    done
  else
    network_file=weights/densenet_bc_100_fashion_mnist.h5 test_set=idx:$fashion-images-idx3-ubyte.gz
    others=(--out gaussian)
  fi
  others+=(--out uniform)
}
