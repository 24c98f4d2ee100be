#include "weights/pickle/pickle_calls.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "kernels/error.h"
#include "weights/pickle/pickle_stack.h"

namespace odin {
namespace {

struct Harmless {
  std::string_view module;
  std::string_view name;
};

// If Python or a library renamed a module, both names are here.
constexpr Harmless kHarmless[] = {
    {"__builtin__", "bool"},
    {"__builtin__", "bytearray"},
    {"__builtin__", "bytes"},
    {"__builtin__", "complex"},
    {"__builtin__", "dict"},
    {"__builtin__", "float"},
    {"__builtin__", "frozenset"},
    {"__builtin__", "int"},
    {"__builtin__", "list"},
    {"__builtin__", "long"},
    {"__builtin__", "object"},
    {"__builtin__", "set"},
    {"__builtin__", "slice"},
    {"__builtin__", "str"},
    {"__builtin__", "tuple"},
    {"__builtin__", "unicode"},
    {"__builtin__", "xrange"},
    {"_codecs", "encode"},
    {"builtins", "bool"},
    {"builtins", "bytearray"},
    {"builtins", "bytes"},
    {"builtins", "complex"},
    {"builtins", "dict"},
    {"builtins", "float"},
    {"builtins", "frozenset"},
    {"builtins", "int"},
    {"builtins", "list"},
    {"builtins", "object"},
    {"builtins", "range"},
    {"builtins", "set"},
    {"builtins", "slice"},
    {"builtins", "str"},
    {"builtins", "tuple"},
    {"collections", "Counter"},
    {"collections", "OrderedDict"},
    {"collections", "defaultdict"},
    {"collections", "deque"},
    {"copy_reg", "__newobj__"},
    {"copy_reg", "_reconstructor"},
    {"copyreg", "__newobj__"},
    {"copyreg", "_reconstructor"},
    {"datetime", "date"},
    {"datetime", "datetime"},
    {"datetime", "timedelta"},
    {"functools", "partial"},
    {"numpy", "dtype"},
    {"numpy", "ndarray"},
    {"numpy._core.multiarray", "_reconstruct"},
    {"numpy._core.multiarray", "scalar"},
    {"numpy._core.numeric", "_frombuffer"},
    {"numpy.core.multiarray", "_reconstruct"},
    {"numpy.core.multiarray", "scalar"},
    {"numpy.core.numeric", "_frombuffer"},
    {"pathlib", "PosixPath"},
    {"pathlib", "PurePosixPath"},
    {"pathlib", "WindowsPath"},
    {"torch", "Size"},
    {"torch", "device"},
    {"torch._tensor", "_rebuild_from_type_v2"},
    {"torch._utils", "_rebuild_parameter"},
    {"torch._utils", "_rebuild_parameter_with_state"},
    {"torch._utils", "_rebuild_qtensor"},
    {"torch._utils", "_rebuild_sparse_tensor"},
    {"torch._utils", "_rebuild_tensor"},
    {"torch._utils", "_rebuild_tensor_v2"},
    {"torch._utils", "_rebuild_tensor_v3"},
    {"torch.autograd.variable", "Variable"},
    {"torch.nn.backends.thnn", "_get_thnn_function_backend"},
    {"torch.nn.parameter", "Buffer"},
    {"torch.nn.parameter", "Parameter"},
    {"torch.serialization", "_get_layout"},
    {"types", "SimpleNamespace"},
};

// Modules of Python itself that have no class that a checkpoint needs beyond those above, and a few
// that run programs.
constexpr std::string_view kSuspicious[] = {
    "__builtin__", "_operator", "builtins", "code",       "functools",  "importlib",
    "itertools",   "nt",        "operator", "os",         "pickle",     "posix",
    "pty",         "runpy",     "shutil",   "socket",     "subprocess", "sys",
    "threading",   "timeit",    "types",    "webbrowser",
};

bool is_harmless_call(const PickleGlobal& global) {
  return std::any_of(std::begin(kHarmless), std::end(kHarmless), [&](const Harmless& harmless) {
    return harmless.module == global.module && harmless.name == global.name;
  });
}

bool is_harmless_class(const PickleGlobal& global) {
  const bool suspicious = std::find(std::begin(kSuspicious), std::end(kSuspicious),
                                    global.module) != std::end(kSuspicious);
  return !suspicious || is_harmless_call(global);
}

[[noreturn]] void refuse(const PickleNode* maker, std::uint64_t at) {
  const auto* global = get_if<PickleGlobal>(maker);
  throw HarmfulCall(fmt::format(
      "its pickle calls {} at byte {}, which neither a checkpoint nor a data set needs; "
      "loading it in Python could run anything, so the file is refused, and nothing was "
      "run",
      global == nullptr ? describe(maker) : name_of(*global), at));
}

}  // namespace

void require_harmless_call(const PickleNode* maker, const PickleList& arguments, std::uint64_t at) {
  const auto* called = get_if<PickleGlobal>(maker);
  if (called == nullptr || !is_harmless_call(*called)) refuse(maker, at);
  const bool reconstructs = called->name == "_reconstructor";
  if (reconstructs) {  // (class, base, state): it calls the base
    require_well_formed(arguments.size() == 3, at);
    const auto* base = get_if<PickleGlobal>(arguments[1]);
    if (base == nullptr || !is_harmless_call(*base)) refuse(arguments[1], at);
  }
  if (reconstructs || called->name == "__newobj__") {
    require_well_formed(!arguments.empty(), at);
    require_harmless_class(arguments.front(), at);
  }
}

void require_harmless_class(const PickleNode* maker, std::uint64_t at) {
  const auto* global = get_if<PickleGlobal>(maker);
  // A class outside the pickle is a module's, saved with its source.
  if (global == nullptr && get_if<PicklePersistent>(maker) != nullptr) return;
  if (global == nullptr || !is_harmless_class(*global)) refuse(maker, at);
}

}  // namespace odin
