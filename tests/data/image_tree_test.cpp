#include "data/import/image_tree.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "support/expect_error.h"
#include "support/image_writer.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

class ImageTreeTest : public testing::Test {
 protected:
  /// Writes a picture all of one level.
  void draw(const std::string& path, std::uint8_t level, std::int64_t width = 4, std::int64_t height = 4) const {
    write(path, to_png(plain_image(width, height, level)));
  }

  void write(const std::string& path, const std::string& bytes) const {
    std::filesystem::create_directories((folder_ / path).parent_path());
    write_text(folder_ / path, bytes);
  }

  void make_folder(const std::string& path) const { std::filesystem::create_directories(folder_ / path); }

  ImageTree open(std::vector<std::string> classes = {}, std::int64_t size = 0) const {
    return ImageTree(folder_.path(), std::move(classes), size);
  }

  static std::vector<std::string> split_names(const ImageTree& tree) {
    std::vector<std::string> names;
    for (const auto& split : tree.splits()) names.push_back(split.name);
    return names;
  }

  static std::vector<Sample> read_all(const ImageTree& tree, std::size_t split = 0) {
    std::vector<Sample> samples(static_cast<std::size_t>(tree.splits().at(split).rows));
    for (std::size_t row = 0; row < samples.size(); ++row)
      tree.read(split, static_cast<std::int64_t>(row), samples[row]);
    return samples;
  }

  /// First levels of all pictures, in order of rows.
  static std::vector<int> levels(const ImageTree& tree, std::size_t split = 0) {
    std::vector<int> result;
    for (const auto& sample : read_all(tree, split)) result.push_back(sample.pixels.at(0));
    return result;
  }

  static std::vector<std::int64_t> ids(const ImageTree& tree, std::size_t split = 0) {
    std::vector<std::int64_t> result;
    for (const auto& sample : read_all(tree, split)) result.push_back(sample.id);
    return result;
  }

  void expect_refused(const std::vector<std::string>& parts, const std::vector<std::string>& classes = {}) const {
    expect_error(ExitCode::kBadInput, parts, [&] { open(classes); });
  }

  TemporaryFolder folder_;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_F(ImageTreeTest, ReadsPicturesAndLabels) {
  draw("train/happy/b.png", 2);
  draw("train/happy/a.png", 1);
  draw("train/angry/c.png", 3);
  draw("test/happy/d.png", 4);
  const auto tree = open();
  EXPECT_TRUE(ImageTree::recognises(folder_.path()));
  EXPECT_EQ(tree.height(), 4);
  EXPECT_EQ(tree.width(), 4);
  EXPECT_EQ(tree.classes(), (Names{"angry", "happy"}));
  EXPECT_EQ(split_names(tree), (Names{"train", "test"}));
  EXPECT_EQ(tree.splits().at(0).rows, 3);
  EXPECT_TRUE(tree.splits().at(1).labelled);
  const auto samples = read_all(tree);
  EXPECT_EQ(samples[0].pixels, std::vector<std::uint8_t>(16, 3));
  EXPECT_EQ(samples[0].label, 0);
  EXPECT_EQ(samples[1].label, 1);
  EXPECT_EQ(levels(tree), (std::vector<int>{3, 1, 2}));
  EXPECT_EQ(ids(tree), (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(levels(tree, 1), std::vector<int>{4});
}

TEST_F(ImageTreeTest, RowsAreInBytewiseOrder) {
  const Names in_order = {"10.png", "2.png", "B.png", "a.png", "\xc3\xa4.png"};
  for (const std::size_t i : {3, 0, 4, 2, 1}) draw("train/x/" + in_order[i], static_cast<std::uint8_t>(i));
  EXPECT_EQ(levels(open()), (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST_F(ImageTreeTest, SplitsHaveManyNames) {
  for (const auto& [name, split] : std::map<std::string, std::string>{{"train", "train"},
                                                                      {"Training", "train"},
                                                                      {"validation", "validation"},
                                                                      {"val", "validation"},
                                                                      {"VALID", "validation"},
                                                                      {"test", "test"},
                                                                      {"public_test", "public_test"},
                                                                      {"PublicTest", "public_test"},
                                                                      {"private_test", "private_test"},
                                                                      {"PrivateTest", "private_test"}}) {
    draw(name + "/happy/a.png", 1);
    EXPECT_EQ(split_names(open()), Names{split}) << name;
    std::filesystem::remove_all(folder_ / name);
  }
}

TEST_F(ImageTreeTest, ALoneTreeOfClassesIsTheTrainSplit) {
  draw("happy/a.png", 1);
  draw("angry/a.png", 2);
  EXPECT_TRUE(ImageTree::recognises(folder_.path()));
  EXPECT_EQ(split_names(open()), Names{"train"});
  EXPECT_EQ(open().classes(), (Names{"angry", "happy"}));
}

TEST_F(ImageTreeTest, ATestSplitMayBeUnlabelled) {
  draw("train/happy/a.png", 1);
  draw("test/17.png", 17);
  draw("test/005.png", 5);
  draw("test/100.png", 100);
  const auto tree = open();
  EXPECT_FALSE(tree.splits().at(1).labelled);
  EXPECT_FALSE(read_all(tree, 1).at(0).label.has_value());
  EXPECT_EQ(ids(tree, 1), (std::vector<std::int64_t>{5, 100, 17}));
  EXPECT_EQ(levels(tree, 1), (std::vector<int>{5, 100, 17}));
}

TEST_F(ImageTreeTest, IdsAreRowsUnlessAllNamesAreNumbers) {
  draw("train/7/1.png", 1);
  for (const std::string odd : {"x1.png", "1x.png", "-1.png", "1.5.png", "99999999999999999999.png"}) {
    draw("test/17.png", 17);
    draw("test/" + odd, 1);
    EXPECT_EQ(ids(open(), 1), (std::vector<std::int64_t>{0, 1})) << odd;
    std::filesystem::remove_all(folder_ / "test");
  }
  EXPECT_EQ(ids(open()), std::vector<std::int64_t>{0});
}

TEST_F(ImageTreeTest, FilesOfOtherKindsTakeNoNumbersAway) {
  draw("train/7/1.png", 1);
  draw("test/10.png", 10);
  draw("test/2.png", 2);
  write("test/3.webp", to_png(plain_image(4, 4, 3)));  // the bytes are read, whatever the name
  write("test/2.gif", to_png(plain_image(4, 4, 2)));
  write("test/logo.gif", "GIF89a");
  const auto tree = open();
  std::map<std::int64_t, int> level_of;
  std::int64_t refused = 0;
  for (std::int64_t row = 0; row < tree.splits().at(1).rows; ++row) try {
      Sample sample;
      tree.read(1, row, sample);
      level_of[sample.id] = sample.pixels.at(0);
    } catch (const Error& error) {
      EXPECT_TRUE(std::string(error.what()).find("2.gif' has no number of its own") != std::string::npos ||
                  std::string(error.what()).find("logo.gif") != std::string::npos)
          << error.what();
      ++refused;
    }
  EXPECT_EQ(level_of, (std::map<std::int64_t, int>{{2, 2}, {3, 3}, {10, 10}}));
  EXPECT_EQ(refused, 2);
}

TEST_F(ImageTreeTest, GivenClassesSetTheLabelsAndNothingElse) {
  draw("train/happy/a.png", 1);
  draw("train/angry/b.png", 2);
  const auto tree = open({"happy", "neutral", "angry"});
  EXPECT_EQ(tree.classes(), (Names{"happy", "neutral", "angry"}));
  EXPECT_EQ(levels(tree), (std::vector<int>{2, 1}));
  EXPECT_EQ(read_all(tree).at(0).label, 2);
  expect_refused({"train/happy", "angry, hapy", "did you mean 'hapy'"}, {"angry", "hapy"});
}

TEST_F(ImageTreeTest, WhatIsNoPictureIsIgnoredAndCounted) {
  draw("train/happy/a.PNG", 1);
  write("train/happy/b.JPeG", golden_file("gray.jpg"));
  make_folder("train/angry");
  write("train/happy/notes.txt", "");
  write("train/happy/.hidden.png", "");
  write("train/labels.csv", "");
  make_folder("train/.cache/x");
  write("README.md", "");
  make_folder("scripts");
  const auto tree = open({}, 4);
  EXPECT_EQ(tree.splits().at(0).rows, 2);
  EXPECT_EQ(tree.ignored(), 6);
  EXPECT_EQ(tree.classes(), (Names{"angry", "happy"}));
}

TEST_F(ImageTreeTest, PicturesOfKindsThatAreNotReadAreNotPassedOver) {
  write("train/happy/a.webp", "RIFF");
  draw("train/happy/b.png", 1);
  const auto tree = open();
  EXPECT_EQ(tree.splits().at(0).rows, 2);
  EXPECT_EQ(tree.ignored(), 0);
  Sample sample;
  expect_error(ExitCode::kBadInput, {"a.webp"}, [&] { tree.read(0, 0, sample); });
  tree.read(0, 1, sample);  // which set the size
  EXPECT_FALSE(sample.pixels.empty());
}

TEST_F(ImageTreeTest, SplitsWithoutPicturesAreLeftOut) {
  draw("train/happy/a.png", 1);
  make_folder("validation/happy");
  make_folder("test");
  EXPECT_EQ(split_names(open()), Names{"train"});
}

TEST_F(ImageTreeTest, LinksAreFollowed) {
  draw("elsewhere/picture", 9);
  make_folder("train/happy");
  std::filesystem::create_symlink("../../elsewhere/picture", folder_ / "train/happy/link.png");
  EXPECT_EQ(levels(open()), std::vector<int>{9});
  std::filesystem::create_symlink("nowhere", folder_ / "train/happy/link to nothing.png");
  expect_error(ExitCode::kBadInput, {"link to nothing.png"}, [&] { read_all(open()); });
}

TEST_F(ImageTreeTest, PicturesOfAnotherShapeAreRefusedOrStretched) {
  draw("train/happy/a.png", 1, 4, 4);
  draw("train/happy/b.png", 200, 6, 5);
  expect_error(ExitCode::kBadInput, {"b.png", "6x5", "a.png", "4x4", "--size"}, [&] { read_all(open()); });
  const auto tree = open({}, 3);
  EXPECT_EQ(tree.height(), 3);
  EXPECT_EQ(read_all(tree).at(1).pixels, std::vector<std::uint8_t>(9, 200));
}

TEST_F(ImageTreeTest, ListingDoesNotRead) {
  write("train/happy/a.png", "no picture");
  EXPECT_EQ(open({}, 48).splits().at(0).rows, 1);
  expect_refused({"a.png", "no picture"});
}

TEST_F(ImageTreeTest, OtherFoldersAreNotRecognised) {
  EXPECT_FALSE(ImageTree::recognises(folder_ / "missing"));
  EXPECT_FALSE(ImageTree::recognises(folder_.path()));
  write("train_data.csv", "");
  make_folder("some/folder");
  write("some/file.txt", "");
  EXPECT_FALSE(ImageTree::recognises(folder_.path()));
  EXPECT_FALSE(ImageTree::recognises(folder_ / "train_data.csv"));
}

TEST_F(ImageTreeTest, UnclearTreesAreRefused) {
  make_folder("train/happy");
  expect_refused({folder_.path(), "no pictures"});

  make_folder("train/happy/subject 1.jpg");
  expect_refused({"train/happy/subject 1.jpg", "folder within a class folder"});
  std::filesystem::remove(folder_ / "train/happy/subject 1.jpg");

  draw("train/stray.png", 1);
  expect_refused({"train/stray.png", "no class folder"});
  std::filesystem::remove(folder_ / "train/stray.png");

  draw("test/happy/a.png", 1);
  draw("test/stray.png", 1);
  expect_refused({"test/stray.png", "no class folder"});
  std::filesystem::remove_all(folder_ / "test");

  draw("test/1.png", 1);
  draw("test/01.png", 1);
  expect_refused({"'01.png'", "'1.png'", "same number"});
  std::filesystem::remove_all(folder_ / "test");

  make_folder("val");
  make_folder("valid");
  expect_refused({"'val'", "'valid'", "split validation"});
}

TEST_F(ImageTreeTest, LabelsAreBytes) {
  draw("train/a/1.png", 1);
  for (int i = 0; i < 256; ++i) make_folder("train/" + std::to_string(i));
  expect_refused({"257 classes", "256"});
}

TEST_F(ImageTreeTest, ThreadsReadAtOnce) {
  for (int i = 0; i < 100; ++i) draw("train/x/" + std::to_string(100 + i) + ".png", static_cast<std::uint8_t>(i), 9, 7);
  const auto tree = open({}, 5);
  const auto expected = levels(tree);
  std::vector<std::vector<int>> results(4);
  {
    std::vector<std::jthread> threads;
    for (auto& result : results) threads.emplace_back([&] { result = levels(tree); });
  }
  for (const auto& result : results) EXPECT_EQ(result, expected);
}

}  // namespace fer
