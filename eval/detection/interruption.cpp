#include "eval/detection/interruption.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kernels/error.h"
#include "weights/files/system_reason.h"

namespace odin {
namespace {

// A signal handler knows nothing else.
std::atomic<Interruption*> interrupted_by_signal = nullptr;

void handle(int /*signal*/) {
  const int error_number = errno;
  if (Interruption* interruption = interrupted_by_signal.load()) interruption->request();
  errno = error_number;
}

void handle_with(void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

}  // namespace

Interruption::Interruption() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  require(event_ >= 0, "the system gives no event: {}", system_reason());
}

Interruption::~Interruption() {
  close(event_);
}

void Interruption::request() noexcept {
  const std::uint64_t one = 1;
  // It can fail only where 2^64 - 2 requests went before it.
  [[maybe_unused]] const ssize_t written = write(event_, &one, sizeof one);
}

bool Interruption::requested() const {
  pollfd event{event_, POLLIN, 0};
  return poll(&event, 1, 0) > 0;
}

bool Interruption::wait_to_read(int descriptor) const {
  pollfd waited_for[] = {{event_, POLLIN, 0}, {descriptor, POLLIN, 0}};
  while (poll(waited_for, 2, -1) < 0) {
    require(errno == EINTR, "cannot wait for input: {}", system_reason());
  }
  return waited_for[0].revents == 0;
}

InterruptionBySignal::InterruptionBySignal(Interruption& interruption) {
  interrupted_by_signal = &interruption;
  handle_with(handle, SA_RESTART | static_cast<int>(SA_RESETHAND));
}

InterruptionBySignal::~InterruptionBySignal() {
  handle_with(SIG_DFL, 0);
  interrupted_by_signal = nullptr;
}

}  // namespace odin
