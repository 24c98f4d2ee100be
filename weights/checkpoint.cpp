#include "weights/checkpoint.h"

#include "kernels/error.h"
#include "weights/checkpoint_rules.h"

namespace odin {

void validate(const Architecture& architecture, const ParameterMap& parameters) {
  validate(architecture);
  std::map<std::string, FoundParameter> found;
  for (const auto& [name, array] : parameters) {
    FoundParameter& parameter = found[name];
    parameter.shape = array.shape;
    if (static_cast<std::int64_t>(array.values.size()) != array.shape.numel()) {
      parameter.problem =
          fmt::format("has {} values where its shape {} has {}", array.values.size(),
                      array.shape.to_string(), array.shape.numel());
    }
  }
  std::vector<std::string> problems = structure_problems(architecture, found);
  const std::vector<std::string> others = value_problems(parameters);
  problems.insert(problems.end(), others.begin(), others.end());
  require(problems.empty(), "the parameters do not make a {}: {}", name_of(architecture),
          summary(problems));
}

}  // namespace odin
