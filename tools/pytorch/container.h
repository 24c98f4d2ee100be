// The contents of a file that PyTorch saved, in any of its three containers.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "tools/archives/tar_archive.h"
#include "tools/tensors/tensor.h"
#include "weights/files/byte_source.h"
#include "weights/pickle/pickle_value.h"

namespace odin::pytorch {

// What a persistent id refers to: a storage, a tensor (TAR container) or a class (a PickleGlobal).
using Outside =
    std::variant<std::shared_ptr<const Storage>, std::shared_ptr<const Tensor>, PickleValue>;

struct Contents {
  std::string container;  // the kind of container, in words
  std::unique_ptr<PickleHeap> heap = std::make_unique<PickleHeap>();
  PickleValue object = nullptr;            // what was saved
  std::map<PickleValue, Outside> outside;  // by the id of a PicklePersistent
  std::uint64_t stored_elements = 0;       // of all storages

  // What a PicklePersistent refers to, or nullptr.
  template <class T>
  const T* find_outside(const PicklePersistent& persistent) const {
    const auto found = outside.find(persistent.id);
    return found == outside.end() ? nullptr : std::get_if<T>(&found->second);
  }
};

// Each container is read without the elements of its storages. Throws Error if the file is damaged,
// cut short, or malicious. The ZIP archive of PyTorch 1.6 and later:
Contents read_zip_container(const SharedSource& file);
// The sequence of pickles of PyTorch 0.1.12 to 1.5, and whether a file begins with its magic
// number:
Contents read_magic_container(const SharedSource& file);
bool looks_like_magic(const SharedSource& file);
// The TAR archive of the first PyTorch versions, and whether these are its files:
Contents read_tar_container(const std::vector<TarMember>& members);
bool looks_like_tar_container(const std::vector<TarMember>& members);

}  // namespace odin::pytorch
