#include "tools/pytorch/sha256.h"

#include <algorithm>
#include <array>
#include <memory>

#include <openssl/evp.h>

#include "kernels/error.h"

namespace odin::pytorch {

std::string sha256(const ByteSource& source) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  bool good = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  std::vector<std::byte> block(1 << 20);
  for (std::uint64_t offset = 0; good && offset < source.size(); offset += block.size()) {
    block.resize(
        static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), source.size() - offset)));
    source.read(offset, block);
    good = EVP_DigestUpdate(context.get(), block.data(), block.size()) == 1;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  good = good && EVP_DigestFinal_ex(context.get(), digest.data(), &length) == 1;
  require(good, "OpenSSL cannot compute a SHA-256 (is it restricted by its configuration?)");
  std::string text;
  for (unsigned i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

}  // namespace odin::pytorch
