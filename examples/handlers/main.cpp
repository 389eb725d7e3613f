// Every way to take a message: one by one, kept, as a batch, in a coroutine, in a lambda; and an agent without a class.
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <myelin/actors/mesh.hpp>

#include "shelf.capnp.h"

using namespace std::chrono_literals;

namespace {

class Shelf : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Shelf>& on) {
    on.message<&Shelf::put>();
    on.message<&Shelf::lend>();
    on.message<&Shelf::find>();
    on.message([](Shelf& self, CountBooks::Reader, myelin::Reply<Books> reply) {
      reply.send([&](Books::Builder books) {
        books.setCount(static_cast<std::uint32_t>(self.books_.size()));
        books.setDays(self.days_);
      });
    });
  }

 private:
  /// One by one, and kept: a Held message lives as long as it is held, without a copy.
  void put(myelin::Held<Book> book) { books_.push_back(std::move(book)); }

  /// All that came in one frame. One message is a batch of one.
  void lend(myelin::Batch<Loan> loans) {
    for (const Loan::Reader loan : loans) days_ += loan.getDays();
  }

  /// A coroutine answers by co_return. While it waits, the shelf takes other messages.
  myelin::Task<Found> find(myelin::Held<Find> question) {
    co_await sleep(1ms);
    for (const myelin::Held<Book>& book : books_) {
      if (book->getTitle() == question->getTitle()) {
        co_return [&](Found::Builder found) { found.setPages(book->getPages()); };
      }
    }
    co_return myelin::fail(myelin::Errc::not_found, "no such book");
  }

  std::vector<myelin::Held<Book>> books_;
  std::uint32_t days_ = 0;
};

}  // namespace

int main() {
  myelin::Mesh mesh;
  const myelin::AgentRef shelf = mesh.spawn<Shelf>();

  // An agent without a class: each lambda is a handler, what it captures is its state.
  const myelin::AgentRef donor = mesh.spawn_handlers(
      [shelf, given = 0U](myelin::Self& self, Book::Reader book) mutable {
        ++given;
        const std::string title = book.getTitle().cStr();
        self.tell(shelf, [&](Book::Builder copy) {
          copy.setTitle(title + ", volume " + std::to_string(given));
          copy.setPages(100 * given);
        });
      },
      [shelf](myelin::Self& self, Loan::Reader loan) {
        for (int i = 0; i < 10; ++i) {
          self.tell(shelf, [&](Loan::Builder copy) { copy.setDays(loan.getDays()); });
        }
      },
      [](myelin::Self& self, CountBooks::Reader, myelin::Reply<Books> reply) {
        self.flush();  // or the answer would overtake what was told in this turn
        reply.send([](Books::Builder) {});
      });

  for (int i = 0; i < 3; ++i) mesh.tell(donor, [](Book::Builder book) { book.setTitle("Encyclopaedia"); });
  mesh.tell(donor, [](Loan::Builder loan) { loan.setDays(14); });
  // Its answer says that the donor has passed on all that came before.
  if (!mesh.ask<Books>(
          donor, [](CountBooks::Builder) {}, 10s)) {
    return 1;
  }

  const auto books = mesh.ask<Books>(
      shelf, [](CountBooks::Builder) {}, 10s);
  const auto found = mesh.ask<Found>(
      shelf, [](Find::Builder find) { find.setTitle("Encyclopaedia, volume 2"); }, 10s);
  const auto missing = mesh.ask<Found>(
      shelf, [](Find::Builder find) { find.setTitle("Necronomicon"); }, 10s);
  if (!books || !found || missing) return 1;
  std::printf("%u books, lent for %u days; volume 2 has %u pages; %s\n", (*books)->getCount(), (*books)->getDays(),
              (*found)->getPages(), myelin::to_string(missing.error()).c_str());
  return (*books)->getCount() == 3 && (*books)->getDays() == 140 && (*found)->getPages() == 200 ? 0 : 1;
}
