#include "tests/support/bytes.h"

#include <array>
#include <bit>
#include <span>
#include <stdexcept>

#include <fmt/format.h>
#include <zlib.h>

namespace odin::test {

std::string little(std::uint64_t value, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) {
    // Above the eighth byte there is nothing left of it.
    result += static_cast<char>(i < 8 ? value >> (8 * i) & 0xff : 0);
  }
  return result;
}

SharedSource source_of(std::string_view content) {
  const auto view = std::as_bytes(std::span(content));
  return in_memory(std::vector<std::byte>(view.begin(), view.end()));
}

std::string text(std::string_view value) {
  return fmt::format("X{}{}", little(value.size(), 4), value);
}

std::string global(std::string_view module, std::string_view name) {
  return fmt::format("c{}\n{}\n", module, name);
}

std::string integer(std::int64_t value) {
  return "\x8a\x08" + little(static_cast<std::uint64_t>(value), 8);
}

std::string storage_id(std::string_view type, std::string_view key, std::int64_t count) {
  return fmt::format("({}{}{}{}{}tQ", text("storage"), global("torch", type), text(key),
                     text("cpu"), integer(count));
}

std::string tensor(std::string_view key, std::int64_t count, const std::vector<std::int64_t>& shape,
                   const std::vector<std::int64_t>& strides, std::int64_t offset) {
  const auto tuple = [](const std::vector<std::int64_t>& values) {
    std::string opcodes = "(";
    for (const std::int64_t value : values) opcodes += integer(value);
    return opcodes + "t";
  };
  return fmt::format("{}({}{}{}{}\x89}}tR", global("torch._utils", "_rebuild_tensor_v2"),
                     storage_id("FloatStorage", key, count), integer(offset), tuple(shape),
                     tuple(strides));
}

std::string dict(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string opcodes = "}(";
  for (const auto& [key, value] : entries) opcodes += text(key) + value;
  return opcodes + "u";
}

std::string zip(const Files& files, bool zip64) {
  constexpr std::uint64_t kInExtra = 0xffffffff;
  std::string archive;
  std::string directory;
  for (const auto& [name, content] : files) {
    const auto crc =
        crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size()));
    const std::uint64_t offset = archive.size();
    const std::string extra = zip64 ? little(1, 2) + little(24, 2) + little(content.size(), 8) +
                                          little(content.size(), 8) + little(offset, 8)
                                    : "";
    const std::string size = little(zip64 ? kInExtra : content.size(), 4);
    archive += little(0x04034b50, 4) + little(20, 2) + little(0, 8) + little(crc, 4) +
               little(content.size(), 4) + little(content.size(), 4) + little(name.size(), 2) +
               little(0, 2) + name + content;
    directory += little(0x02014b50, 4) + little(20, 2) + little(20, 2) + little(0, 8) +
                 little(crc, 4) + size + size + little(name.size(), 2) + little(extra.size(), 2) +
                 little(0, 2) + little(0, 8) + little(zip64 ? kInExtra : offset, 4) + name + extra;
  }
  const std::uint64_t at = archive.size();
  archive += directory;
  if (zip64) {
    const std::uint64_t at64 = archive.size();
    archive += little(0x06064b50, 4) + little(44, 8) + little(45, 2) + little(45, 2) +
               little(0, 8) + little(files.size(), 8) + little(files.size(), 8) +
               little(directory.size(), 8) + little(at, 8);
    archive += little(0x07064b50, 4) + little(0, 4) + little(at64, 8) + little(1, 4);
  }
  archive += little(0x06054b50, 4) + little(0, 4) + little(zip64 ? 0xffff : files.size(), 2) +
             little(zip64 ? 0xffff : files.size(), 2) +
             little(zip64 ? kInExtra : directory.size(), 4) + little(zip64 ? kInExtra : at, 4) +
             little(0, 2);
  return archive;
}

std::string tar_header(const std::string& name, std::uint64_t size, char kind) {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, const std::string& value) {
    header.replace(at, value.size(), value);
  };
  put(0, name);
  put(100, "0000644");
  put(124, fmt::format("{:011o}", size));
  put(136, "00000000000");
  put(148, "        ");
  header[156] = kind;
  put(257, bytes("ustar\00000"));
  std::uint64_t sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum) + bytes("\0 "));
  return header;
}

std::string tar(const Files& files, bool with_end) {
  std::string archive;
  for (const auto& [name, content] : files) {
    archive += tar_header(name, content.size()) + content;
    if (archive.size() % 512 != 0) archive.append(512 - archive.size() % 512, '\0');
  }
  if (with_end) archive.append(1024, '\0');
  return archive;
}

std::string gzip(std::string_view content) {
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("zlib cannot be initialised");
  }
  std::string packed(deflateBound(&stream, static_cast<uLong>(content.size())) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int status = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (status != Z_STREAM_END) throw std::runtime_error("zlib cannot compress");
  return packed;
}

std::string safetensors(std::string_view header, std::string_view data) {
  return fmt::format("{}{}{}", little(header.size(), 8), header, data);
}

std::string pickle(std::string_view opcodes) {
  return fmt::format("\x80\x02{}.", opcodes);
}

std::string zip_container(std::string_view object, const Files& storages) {
  Files files = {{"archive/data.pkl", pickle(object)}};
  for (const auto& [key, content] : storages) files.emplace_back("archive/data/" + key, content);
  files.emplace_back("archive/version", "3\n");
  return zip(files);
}

std::string magic_container(std::string_view object, const Files& storages,
                            std::uint64_t element_size) {
  std::string keys = "](";
  std::string elements;
  for (const auto& [key, content] : storages) {
    keys += text(key);
    elements += little(content.size() / element_size, 8) + content;
  }
  return pickle("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19") + pickle("M\xe9\x03") +
         pickle("}") + pickle(object) + pickle(keys + "e") + elements;
}

std::string counted_floats(int count) {
  std::string result;
  for (int i = 0; i < count; ++i) {
    result += little(std::bit_cast<std::uint32_t>(static_cast<float>(i)), 4);
  }
  return result;
}

}  // namespace odin::test
