#include "apps/run_facts.h"

#include "cli/build_info.h"
#include "comm/agreement.h"

namespace fer {

nlohmann::json run_facts(const TrainOptions& options, const RunData& data, const Placement& placement,
                         MpiCommunicator& host) {
  const auto devices = all_gather_text(host, placement.device.str());
  const auto hosts = all_gather_text(host, host_name());
  auto ranks = nlohmann::json::array();
  for (std::size_t rank = 0; rank < hosts.size(); ++rank)
    ranks.push_back({{"rank", rank}, {"host", hosts[rank]}, {"device", devices[rank]}});
  return {{"build", build_info()},
          {"world_size", host.world_size()},
          {"ranks", ranks},
          {"backend", placement.backend},
          {"threads", placement.threads},
          {"recipe", options.recipe},
          {"model", options.net.name},
          {"dataset", {{"path", options.dataset}, {"name", data.manifest.name}, {"digest", data.manifest.digest()}}},
          {"classes", data.classes},
          {"samples", data.train_size()},
          {"streamed", data.streamed()},
          {"validation_split", data.validation ? data.validation->name : ""},
          {"test_split", data.test ? data.test->name : ""},
          {"seed", options.data.training_set.seed}};
}

}  // namespace fer
