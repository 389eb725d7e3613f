// Backups of validators in processes of their own, and groups that are made of them.
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "lone_group.hpp"
#include "myelin/validator.capnp.h"
#include "myelin/validator/backup.hpp"
#include "myelin/validator/limits.hpp"
#include "myelin/validator/restore.hpp"

namespace myelin {

namespace {

using namespace std::chrono_literals;
using test::comes_true;
using test::LoneGroup;
namespace fs = std::filesystem;

constexpr Duration kLimit = 60s;

AgentRef copies_of(LoneGroup& group, const std::string& name) {
  auto found = group.client().node->find(name, validator::kCopiesName);
  test::require_success(found);
  return *found;
}

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator{folder}, fs::directory_iterator{}));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(remote_backups)

BOOST_AUTO_TEST_CASE(a_new_group_is_made_of_a_backup_that_was_taken_while_others_wrote) {
  const test::TemporaryDirectory folder;
  const fs::path file = folder.path() / "backup";
  {
    LoneGroup group{4};
    const std::string large(60'000, 'x');
    for (int i = 0; i < 40; ++i) group.put("large" + std::to_string(i), large);  // more than one piece
    group.put("colour", "blue");
    std::atomic<bool> is_over = false;
    std::thread writer{[&] {
      for (int i = 0; !is_over; ++i) {
        if (!group.client().mesh.ask(group.memory().put("later", std::to_string(i)), kLimit)) break;
      }
    }};
    const auto place = group.client().mesh.ask(group.memory().place(), kLimit);
    Result<validator::BackupMade> made = fail(Errc::timeout, "not asked");
    if (place) {
      comes_true([&] {
        made = validator::back_up(group.client().mesh, copies_of(group, "v1"), file, {.commit_min = place->commit});
        return made || made.error().code != Errc::timeout;
      });
    }
    is_over = true;
    writer.join();
    test::require_success(place);
    test::require_success(made);
    BOOST_TEST(made->commit >= place->commit);
    BOOST_TEST(made->bytes == fs::file_size(file));
    BOOST_TEST(files_in(folder.path()) == 1U);
  }
  LoneGroup group{4, false};
  std::optional<consensus::Digest> root;
  for (const validator::Member& member : group.committee.members) {
    const auto restored = validator::restore_validator(file, group.folder_of(member.name), group.committee);
    test::require_success(restored);
    BOOST_TEST(restored->epoch == 1U);
    BOOST_TEST(restored->validators == 4U);
    BOOST_TEST((!root || *root == restored->root));
    root = restored->root;
  }
  for (const char* name : {"v0", "v1", "v2", "v3"}) group.start(name);
  group.connect();
  BOOST_TEST(group.get("colour") == "blue");
  group.put("after");
  for (const char* name : {"v0", "v1", "v2", "v3"}) BOOST_TEST(group.comes_to(name, 1, "v0"), name);
  // It is a group like any: one of it is replaced, and the next starts from a state that is sent.
  group.stop("v3");
  group.committee.epoch = 1;
  const auto next = validator::with_replaced(group.committee, "v3", group.make_member("w"));
  test::require_success(next);
  group.committee = *next;
  group.start("w", true);
  group.approve({"v0", "v1", "v2"}, group.committee);
  BOOST_TEST(group.comes_to("w", 2, "v0"));
  BOOST_TEST(group.get("colour") == "blue");
}

BOOST_AUTO_TEST_CASE(a_backup_is_whole_or_not_there) {
  const test::TemporaryDirectory folder;
  LoneGroup group{1};
  group.put("colour", "blue");
  Mesh& mesh = group.client().mesh;
  const fs::path there = folder.write("there", "something");
  const auto exists = validator::back_up(mesh, copies_of(group, "v0"), there);
  BOOST_REQUIRE(!exists);
  BOOST_TEST((exists.error().code == Errc::invalid_argument));
  BOOST_TEST(test::content_of(there) == "something");
  const fs::path file = folder.path() / "backup";
  const auto early = validator::back_up(mesh, copies_of(group, "v0"), file, {.commit_min = 1ULL << 40U});
  BOOST_REQUIRE(!early);
  BOOST_TEST((early.error().code == Errc::timeout));
  const auto nobody = validator::back_up(mesh, copies_of(group, "v7"), file);
  BOOST_REQUIRE(!nobody);
  BOOST_TEST((nobody.error().code == Errc::unreachable));

  // Validators that lie: of each three pieces are said to be there.
  const auto liar = [&](std::size_t piece) {
    return mesh.spawn_handlers(
        [](schema::WantCopy::Reader, Reply<schema::CopyMade> reply) {
          reply.send([](schema::CopyMade::Builder made) { made.setBytes(3000); });
        },
        [piece](schema::ReadCopy::Reader, Reply<schema::CopyPart> reply) {
          reply.send([piece](schema::CopyPart::Builder part) { part.initBytes(static_cast<unsigned>(piece)); });
        },
        [](schema::EndCopy::Reader) {});
  };
  BOOST_TEST((validator::back_up(mesh, liar(1000), file).error().code == Errc::corrupt_file));
  BOOST_TEST((validator::back_up(mesh, liar(1001), file).error().code == Errc::bad_frame));
  BOOST_TEST((validator::back_up(mesh, liar(0), file).error().code == Errc::bad_frame));
  BOOST_TEST(files_in(folder.path()) == 1U);
  test::require_success(validator::back_up(mesh, copies_of(group, "v0"), file));
  BOOST_TEST(files_in(folder.path()) == 2U);
}

BOOST_AUTO_TEST_CASE(a_validator_keeps_few_copies_and_nothing_of_them_stays_behind) {
  LoneGroup group{1};
  group.put("colour", "blue");
  Mesh& mesh = group.client().mesh;
  const AgentRef copies = copies_of(group, "v0");
  const auto want = [&](consensus::Epoch start_of = 0) {
    return mesh.ask<schema::CopyMade>(
        copies, [start_of](schema::WantCopy::Builder wanted) { wanted.setStartOf(start_of); }, kLimit);
  };
  std::vector<std::uint64_t> names;
  for (std::size_t i = 0; i < validator::limits::kCopiesMax; ++i) {
    const auto made = want();
    test::require_success(made);
    names.push_back((*made)->getCopy());
  }
  BOOST_TEST((want().error().code == Errc::overloaded));
  BOOST_TEST(!fs::exists(group.folder_of("v0") / "copy"));
  const auto read = [&](std::uint64_t name, std::uint64_t offset) {
    return mesh.ask<schema::CopyPart>(
        copies,
        [&](schema::ReadCopy::Builder wanted) {
          wanted.setCopy(name);
          wanted.setOffset(offset);
          wanted.setBytesMax(~0U);
        },
        kLimit);
  };
  const auto part = read(names[0], 0);
  test::require_success(part);
  BOOST_TEST((*part)->getBytes().size() > 0U);
  BOOST_TEST((*part)->getBytes().size() <= validator::limits::kCopyPartBytesMax);
  const auto behind = read(names[0], ~0ULL);
  test::require_success(behind);
  BOOST_TEST((*behind)->getBytes().size() == 0U);
  mesh.tell(copies, [&](schema::EndCopy::Builder ended) { ended.setCopy(names[0]); });
  BOOST_TEST((read(names[0], 0).error().code == Errc::not_found));
  test::require_success(want());
  BOOST_TEST((want(5).error().code == Errc::not_found));
}

BOOST_AUTO_TEST_CASE(a_folder_is_restored_into_with_a_new_key_alone) {
  const test::TemporaryDirectory folder;
  const fs::path file = folder.path() / "backup";
  LoneGroup old{1};
  old.put("colour", "blue");
  test::require_success(validator::back_up(old.client().mesh, copies_of(old, "v0"), file));
  LoneGroup group{2, false};
  const fs::path own = group.folder_of("v0");
  const auto restore = [&](const fs::path& from, const validator::CommitteeFile& committee) {
    const auto restored = validator::restore_validator(from, own, committee);
    return restored ? std::string{} : restored.error().message;
  };
  const auto refuses = [&](const std::string& message, const char* what) {
    BOOST_TEST(message.find(what) != std::string::npos, message);
    BOOST_TEST(files_in(own) == 1U);
  };
  validator::CommitteeFile committee = group.committee;
  committee.members.erase(committee.members.begin());
  refuses(restore(file, committee), "no member");
  committee = group.committee;
  committee.members[1].public_key = old.committee.members[0].public_key;
  refuses(restore(file, committee), "of the old group");
  committee = group.committee;
  committee.epoch = 2;
  refuses(restore(file, committee), "'epoch = 1'");
  const std::string whole = test::content_of(file);
  refuses(restore(folder.write("cut", whole.substr(0, whole.size() - 1)), group.committee), "no backup");
  refuses(restore(folder.path() / "nothing", group.committee), "nothing");
  std::ofstream{own / "log-0"} << "a log";
  BOOST_TEST(restore(file, group.committee).find("beside its key") != std::string::npos);
  fs::remove(own / "log-0");
  // Where it is broken off, nothing starts from it.
  std::ofstream{own / "restoring"} << "";
  BOOST_TEST(restore(file, group.committee).find("beside its key") != std::string::npos);
  const auto started = group.try_start("v0");
  BOOST_REQUIRE(!started);
  BOOST_TEST(started.error().message.find("broken off") != std::string::npos, started.error().message);
  fs::remove(own / "restoring");
  BOOST_TEST(restore(file, group.committee) == "");
  const auto begun = validator::begun_committee(own);
  test::require_success(begun);
  BOOST_TEST(begun->epoch == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
