#pragma once

#include <hdf5.h>

#include <source_location>
#include <utility>

#include "base/error.h"

namespace fer {

/// An HDF5 id and the call that closes it. Moves, so that a function can return one; never copied.
class Hdf5Handle {
 public:
  using Closer = herr_t (*)(hid_t);

  Hdf5Handle(hid_t id, Closer closer) : id_(id), closer_(closer) {}
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), closer_(other.closer_) {}
  Hdf5Handle& operator=(Hdf5Handle&&) = delete;
  ~Hdf5Handle() {
    if (id_ >= 0) closer_(id_);
  }

  operator hid_t() const { return id_; }
  bool valid() const { return id_ >= 0; }
  /// Closes now and tells how it went: on a full disk HDF5 may first complain here.
  bool close() { return closer_(std::exchange(id_, -1)) >= 0; }

 private:
  hid_t id_;
  Closer closer_;
};

/// Keeps HDF5 from printing its own stack of error lines; our messages name the file. Each thread says it.
void silence_hdf5();

/// Access properties for our files: the latest format, which with Fletcher32 lets no damaged byte pass unseen, and no
/// file locking, which NFS and Lustre often refuse.
Hdf5Handle hdf5_file_access();

/// Property lists and data spaces, which fail only when memory does.
inline hid_t check_hdf5(hid_t id, std::source_location where = std::source_location::current()) {
  if (id < 0) fail("HDF5 refused a call that cannot fail", where);
  return id;
}

}  // namespace fer
