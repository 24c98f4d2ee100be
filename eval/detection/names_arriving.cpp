#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string_view>

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "eval/detection/image_names.h"
#include "eval/image/walk.h"
#include "kernels/error.h"
#include "weights/files/system_reason.h"

namespace odin {
namespace fs = std::filesystem;
namespace {

class NamesArriving final : public ImageNames {
 public:
  explicit NamesArriving(fs::path folder)
      : folder_(std::move(folder)), events_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    if (events_ >= 0) {
      constexpr std::uint32_t kEvents =
          IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
      if (inotify_add_watch(events_, folder_.c_str(), kEvents) >= 0) return;
    }
    const int error_number = errno;
    if (events_ >= 0) close(events_);
    errno = error_number;
    fail("cannot watch the folder '{}': {}", folder_.string(),
         errno == ENOSPC || errno == EMFILE
             ? "the system watches as many as it may (fs.inotify.max_user_watches and "
               "max_user_instances)"
             : system_reason());
  }
  ~NamesArriving() override { close(events_); }
  NamesArriving(const NamesArriving&) = delete;
  NamesArriving& operator=(const NamesArriving&) = delete;

  std::optional<ImageName> next(const Interruption& interruption) override {
    while (!interruption.requested()) {
      if (!arrived_.empty()) {
        ImageName name = std::move(arrived_.front());
        arrived_.pop_front();
        return name;
      }
      if (ended_ || !interruption.wait_to_read(events_)) break;
      read_events();
    }
    return std::nullopt;
  }

 private:
  void read_events() {
    alignas(inotify_event) std::array<char, 16384> bytes;
    const ssize_t count = read(events_, bytes.data(), bytes.size());
    if (count < 0) {
      if (errno != EINTR && errno != EAGAIN) end(system_reason());
      return;
    }
    for (std::size_t at = 0; at < static_cast<std::size_t>(count);) {
      inotify_event event;
      std::memcpy(&event, bytes.data() + at, sizeof event);
      take(event, bytes.data() + at + sizeof event);
      at += sizeof event + event.len;
    }
  }

  // `name` ends with a zero; without event.len there is none.
  void take(const inotify_event& event, const char* name) {
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
      arrived_.push_back(
          {folder_.string(),
           fmt::format("files arrived in '{}' faster than they were scored, and the system forgot "
                       "some (fs.inotify.max_queued_events)",
                       folder_.string())});
    } else if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) != 0) {
      end("it was removed or moved");
    } else if (event.len > 0 && (event.mask & IN_ISDIR) == 0) {
      arrive(name, (event.mask & IN_CLOSE_WRITE) != 0);
    }
  }

  void arrive(std::string_view name, bool written) {
    if (kind_of_file(name) == FileKind::kNoPicture) return;
    const std::string file = (folder_ / name).string();
    struct stat status {};
    if (written && ::stat(file.c_str(), &status) == 0 && status.st_size == 0) return;
    arrived_.push_back({file, {}});
  }

  void end(std::string_view why) {
    if (ended_) return;
    ended_ = true;
    arrived_.push_back({folder_.string(), fmt::format("nothing can arrive in the folder '{}': {}",
                                                      folder_.string(), why)});
  }

  fs::path folder_;
  int events_;
  std::deque<ImageName> arrived_;  // from one read of the events
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<ImageNames> names_arriving_in(const fs::path& folder) {
  return std::make_unique<NamesArriving>(folder);
}

}  // namespace odin
