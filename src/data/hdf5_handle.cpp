#include "data/hdf5_handle.h"

#include <cstdlib>
#include <mutex>

namespace fer {

void silence_hdf5() {
  static std::once_flag once;
  // The variable overrides the property list, so both say it (HDF5 1.10.7 and later).
  std::call_once(once, [] { ::setenv("HDF5_USE_FILE_LOCKING", "FALSE", /*overwrite=*/1); });
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // of this thread: a thread-safe HDF5 keeps one stack per thread
}

Hdf5Handle hdf5_file_access() {
  silence_hdf5();
  Hdf5Handle access(check_hdf5(H5Pcreate(H5P_FILE_ACCESS)), H5Pclose);
  check_hdf5(H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST));
#if H5_VERSION_GE(1, 10, 7)
  check_hdf5(H5Pset_file_locking(access, /*use_file_locking=*/false, /*ignore_when_disabled=*/true));
#endif
  return access;
}

}  // namespace fer
