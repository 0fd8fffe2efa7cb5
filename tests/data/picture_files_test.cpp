#include "data/picture_files.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <fstream>

#include "support/expect_error.h"
#include "support/image_writer.h"
#include "support/temporary_folder.h"

namespace fer {

TEST(PictureFiles, AFolderStandsForItsPicturesInOrder) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "deep");
  for (const auto* name : {"b.png", "a.JPG", "deep/c.jpeg", ".hidden.png", "notes.txt"}) std::ofstream(folder / name);
  const auto root = (folder / "").parent_path().string();
  const auto files = list_pictures({root, "nowhere.png"});
  EXPECT_EQ(files, (std::vector<std::filesystem::path>{root + "/a.JPG", root + "/b.png", root + "/deep/c.jpeg",
                                                       "nowhere.png"}));
  std::filesystem::create_directories(folder / "empty");
  expect_error(ExitCode::kBadInput, {"empty", "no pictures"}, [&] { list_pictures({(folder / "empty").string()}); });
}

TEST(PictureFiles, WhatCannotBeReadIsNamedAndTheOthersAreStretched) {
  const TemporaryFolder folder;
  std::ofstream(folder / "gray.png", std::ios::binary) << to_png(plain_image(10, 20, 77));
  std::ofstream(folder / "text.png") << "no picture";
  const auto batch = read_pictures({folder / "text.png", folder / "gray.png", folder / "missing.png"}, 4, 4);
  EXPECT_EQ(batch.files, std::vector<std::filesystem::path>{folder / "gray.png"});
  EXPECT_TRUE(torch::equal(batch.images, torch::full({1, 4, 4}, 77, torch::kUInt8)));
  ASSERT_EQ(batch.complaints.size(), 2U);
  EXPECT_NE(batch.complaints[0].find("text.png"), std::string::npos);
  EXPECT_NE(batch.complaints[1].find("missing.png"), std::string::npos);
}

}  // namespace fer
