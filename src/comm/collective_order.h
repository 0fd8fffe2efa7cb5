#pragma once

#include <mpi.h>

#include <cstdint>

namespace fer {

/// Whether communicators hold their ranks to one order: in debug builds, for it costs a collective more for each.
#ifdef NDEBUG
inline constexpr bool kHoldsOrder = false;
#else
inline constexpr bool kHoldsOrder = true;
#endif

/// Holds the ranks of a communicator to the same collectives, in one order and of one size. MPI asks for that and does
/// not look at it: where they differ it waits for ever, or takes the bytes of one for another's.
class CollectiveOrder {
 public:
  /// Collective. Owns a duplicate of `parent`, which must outlive it.
  explicit CollectiveOrder(MPI_Comm parent);
  CollectiveOrder(const CollectiveOrder&) = delete;
  CollectiveOrder& operator=(const CollectiveOrder&) = delete;
  ~CollectiveOrder();

  /// Says what this rank is about to call. Collective.
  /// @param name  of the collective
  /// @param bytes  that it takes of this rank
  /// @throws AgreedError (kPeer) if the next call of another rank is another, naming both and how many came before.
  void require_same(const char* name, std::int64_t bytes);

 private:
  MPI_Comm comm_ = MPI_COMM_NULL;
  std::int64_t calls_ = 0;
};

}  // namespace fer
