#include "data/host_split.h"

#include "comm/agreement.h"
#include "comm/host_memory.h"

namespace fer {

Split load_host_split(const std::filesystem::path& folder, const Manifest& manifest, const std::string& name,
                      MpiCommunicator& host) {
  const HostMemory memory = make_host_memory(split_bytes(manifest, name), host);
  const int part = memory.shared ? host.local_rank() : 0;
  const int parts = memory.shared ? host.local_size() : 1;
  agree(host, [&] { read_split(folder, manifest, name, memory.bytes, part, parts); });
  return split_in(manifest, name, memory.bytes);
}

}  // namespace fer
