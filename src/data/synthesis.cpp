#include "data/synthesis.h"

#include "data/synthetic_faces.h"

namespace fer {

Synthesis::Synthesis(const SynthesisConfig& config) : seed_(config.seed), classes_(kEmotions.begin(), kEmotions.end()) {
  const std::vector<SplitShape> shapes = {
      {"train", config.train, true}, {"validation", config.validation, true}, {"test", config.test, true}};
  for (std::uint32_t stream = 0; stream < shapes.size(); ++stream) {
    if (shapes[stream].rows == 0) continue;
    splits_.push_back(shapes[stream]);
    streams_.push_back(stream);
  }
}

std::int64_t Synthesis::height() const {
  return kFaceSize;
}
std::int64_t Synthesis::width() const {
  return kFaceSize;
}

void Synthesis::read(std::size_t split, std::int64_t row, Sample& sample) const {
  const SyntheticFace face = draw_face(seed_, streams_.at(split), static_cast<std::uint64_t>(row));
  sample.pixels.assign(face.pixels.begin(), face.pixels.end());
  sample.label = face.label;
  sample.id = row;
}

}  // namespace fer
