// What a file that PyTorch saved consists of, whichever container it used.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tools/pytorch/byte_source.h"
#include "tools/pytorch/pickle_value.h"
#include "tools/pytorch/tar_archive.h"
#include "tools/pytorch/tensor.h"

namespace odin::pytorch {

// What a persistent id stands for: a storage, a tensor (TAR container) or a class (a PickleGlobal).
using Outside =
    std::variant<std::shared_ptr<const Storage>, std::shared_ptr<const Tensor>, PickleValue>;

struct Contents {
  std::string container;  // its kind, in words
  std::unique_ptr<PickleHeap> heap = std::make_unique<PickleHeap>();
  PickleValue object = nullptr;            // what was saved
  std::map<PickleValue, Outside> outside;  // by the id of a PicklePersistent
  std::uint64_t stored_elements = 0;       // of all storages

  // What a PicklePersistent stands for, or nullptr.
  template <class T>
  const T* find_outside(const PicklePersistent& persistent) const {
    const auto found = outside.find(persistent.id);
    return found == outside.end() ? nullptr : std::get_if<T>(&found->second);
  }
};

// Reads everything but the elements of the storages. The file may be of any of the three
// containers, or a TAR archive with one such file, and gzip may lie around each. Throws Error where
// it is anything else, damaged, cut short, or made to do harm.
Contents open_container(const SharedSource& file);

// The containers one by one. The ZIP archive of PyTorch 1.6 and later:
Contents read_zip_container(const SharedSource& file);
// The row of pickles of PyTorch 0.1.12 to 1.5, and whether a file begins with its magic number:
Contents read_magic_container(const SharedSource& file);
bool looks_like_magic(const SharedSource& file);
// The TAR archive of the first releases, and whether these are its files:
Contents read_tar_container(const std::vector<TarMember>& members);
bool looks_like_tar_container(const std::vector<TarMember>& members);

}  // namespace odin::pytorch
