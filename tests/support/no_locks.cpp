// Preloaded, makes a file system without locks: flock() fails as it does on NFS without a lock
// server.
#include <cerrno>

extern "C" int flock(int /*descriptor*/, int /*operation*/) {
  errno = ENOLCK;
  return -1;
}
