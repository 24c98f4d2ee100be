#include "tests/tools/pytorch/small_containers.h"

#include "tests/support/error_of.h"
#include "tools/conversion/network_file.h"

namespace odin::test {

const Files kStorages = {{"0", counted_floats(6)}, {"1", counted_floats(2)}};
const std::string kWeight = tensor("0", 6, {2, 3}, {3, 1});
const std::string kBias = tensor("1", 2, {2}, {1});

const std::vector<std::pair<const char*, std::function<std::string(const std::string&)>>>
    kContainers = {
        {"ZIP", [](const std::string& object) { return zip_container(object, kStorages); }},
        {"magic", [](const std::string& object) { return magic_container(object, kStorages); }},
};

std::string file_refusal(const std::string& content) {
  return error_of([&] {
    const pytorch::NetworkFile file(source_of(content));
    for (const pytorch::NamedTensor& named : file.network().tensors)
      pytorch::read_elements(named.tensor);
  });
}

std::string ordered(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string opcodes = global("collections", "OrderedDict") + ")R(";
  for (const auto& [key, value] : entries) opcodes += text(key) + value;
  return opcodes + "u";
}

std::string module(const std::vector<std::pair<std::string, std::string>>& parameters,
                   const std::vector<std::pair<std::string, std::string>>& modules) {
  return global("models", "Net") + ")\x81" +
         dict({{"_parameters", ordered(parameters)},
               {"_buffers", ordered({})},
               {"_modules", ordered(modules)}}) +
         "b";
}

}  // namespace odin::test
