#include "data/picture_files.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <fstream>

#include "support/expect_error.h"
#include "support/image_writer.h"
#include "support/temporary_folder.h"

namespace fer {

using namespace std::string_literals;

TEST(PictureFiles, AFolderStandsForItsPicturesInOrder) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "deep");
  for (const auto* name : {"b.png", "a.JPG", "deep/c.jpeg", ".hidden.png", "notes.txt"}) std::ofstream(folder / name);
  const auto root = (folder / "").parent_path().string();
  std::vector<std::string> complaints;
  const auto files = list_pictures({root, "nowhere.png"}, complaints);
  EXPECT_EQ(files, (std::vector<std::filesystem::path>{root + "/a.JPG", root + "/b.png", root + "/deep/c.jpeg",
                                                       "nowhere.png"}));
  EXPECT_TRUE(complaints.empty());
}

TEST(PictureFiles, FoldersThatHoldNothingAreNamedAndTheOthersListed) {
  const TemporaryFolder folder;
  for (const auto* name : {"empty", "full"}) std::filesystem::create_directories(folder / name);
  std::ofstream(folder / "full/a.png");
  std::filesystem::create_directory_symlink(folder / "full", folder / "full/round");
  std::filesystem::create_symlink(folder / "full/b.png", folder / "full/b.png");
  std::vector<std::string> complaints;
  const auto files = list_pictures({(folder / "empty").string(), (folder / "full").string()}, complaints);
  EXPECT_EQ(files, std::vector<std::filesystem::path>{folder / "full/a.png"});
  ASSERT_EQ(complaints.size(), 1U);
  EXPECT_NE(complaints.front().find("empty' holds no pictures"), std::string::npos) << complaints.front();
}

TEST(PictureFiles, APatternStandsForWhatItFits) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "deep");
  for (const auto* name : {"b.png", "a.png", "[x].png", "x.png", "c.jpg", "deep/d.png"}) std::ofstream(folder / name);
  const auto root = (folder / "").parent_path().string();
  std::vector<std::string> complaints;
  const auto files =
      list_pictures({root + "/[x].png", root + "/[ab].png", root + "/de?p", root + "/*.gif"}, complaints);
  EXPECT_EQ(files, (std::vector<std::filesystem::path>{root + "/[x].png", root + "/a.png", root + "/b.png",
                                                       root + "/deep/d.png", root + "/*.gif"}));
}

TEST(PictureFiles, KindsThatAreNotReadAreNamed) {
  const TemporaryFolder folder;
  const std::vector<std::pair<std::string, std::string>> kinds = {
      {"a.gif", "GIF89a"},           {"b.BMP", "BM"},      {"c.webp", "RIFF\0\0\0\0WEBP"s},
      {"d.tif", "II*\0"s},           {"e.tiff", "MM\0*"s}, {"f.heic", "\0\0\0 ftypheic"s},
      {"g.avif", "\0\0\0 ftypavif"s}};
  for (const auto& [name, start] : kinds) std::ofstream(folder / name, std::ios::binary) << start << "the rest of it";
  std::vector<std::string> complaints;
  const auto batch = read_pictures(list_pictures({(folder / "").parent_path().string()}, complaints), 4, 4);
  EXPECT_TRUE(batch.files.empty());
  ASSERT_EQ(batch.complaints.size(), kinds.size());
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    EXPECT_NE(batch.complaints[i].find(kinds[i].first), std::string::npos) << batch.complaints[i];
    EXPECT_NE(batch.complaints[i].find("file: only JPEG and PNG are read"), std::string::npos) << batch.complaints[i];
  }
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
