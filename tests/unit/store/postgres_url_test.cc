#include "store/postgres/postgres_url.h"

#include <gtest/gtest.h>

#include "store/postgres/pg_error.h"

namespace holdfast {
namespace {

struct PlaceRow {
  const char* name;
  const char* url;
  const char* place;
};
void PrintTo(const PlaceRow& row, std::ostream* out) {
  *out << row.name;
}

class UrlPlace : public testing::TestWithParam<PlaceRow> {};

TEST_P(UrlPlace, is_the_host_port_and_database_without_the_password) {
  Result<PostgresUrl> url = PostgresUrl::parse(GetParam().url);
  ASSERT_TRUE(url.has_value()) << url.error().message;
  EXPECT_EQ(url->place(), GetParam().place);
}

INSTANTIATE_TEST_SUITE_P(
    Urls, UrlPlace,
    testing::Values(
        PlaceRow{"plain", "postgresql://u:secret@db.example:5433/duties", "db.example:5433/duties"},
        PlaceRow{"short_scheme", "postgres://u@h/d", "h:5432/d"},
        PlaceRow{"no_database", "postgresql://u@h", "h:5432/u"},
        PlaceRow{"hosts", "postgresql://u@a:1,b:2/d?target_session_attrs=read-write", "a:1,b:2/d"},
        PlaceRow{"one_port", "host=a,b port=7 user=u dbname=d", "a:7,b:7/d"},
        PlaceRow{"escaped_password", "postgresql://u:p%40%2Fss@h/d", "h:5432/d"},
        PlaceRow{"key_value", "host=/run/pg dbname=d password=secret", "/run/pg:5432/d"},
        PlaceRow{"ipv6", "postgresql://u@[::1]:99/d", "[::1]:99/d"}),
    [](const auto& info) { return std::string(info.param.name); });

struct RefusedRow {
  const char* name;
  const char* url;
};
void PrintTo(const RefusedRow& row, std::ostream* out) {
  *out << row.name;
}

class UrlRefused : public testing::TestWithParam<RefusedRow> {};

TEST_P(UrlRefused, is_refused_without_showing_any_of_it) {
  Result<PostgresUrl> url = PostgresUrl::parse(GetParam().url);
  ASSERT_FALSE(url.has_value());
  EXPECT_EQ(url.error().kind, ErrorKind::invalid_input);
  EXPECT_EQ(url.error().message.find("ecre"), std::string::npos) << url.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Urls, UrlRefused,
    testing::Values(RefusedRow{"empty", ""}, RefusedRow{"other_scheme", "mysql://u:secret@h/d"},
                    RefusedRow{"bad_escape", "postgresql://u:%zzsecret@h/d"},
                    RefusedRow{"at_in_password", "postgresql://u:p@secret@h/d"},
                    RefusedRow{"slash_in_password", "postgresql://u:1/secret@h/d"},
                    RefusedRow{"word_as_port", "postgresql://u:secret/d"},
                    RefusedRow{"port_0", "postgresql://u:secret@h:0/d"},
                    RefusedRow{"port_65536", "postgresql://u:secret@h:65536/d"},
                    RefusedRow{"more_ports_than_hosts", "host=a port=1,2 password=secret"},
                    RefusedRow{"unknown_parameter", "postgresql://u@h/d?secret=1"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(PostgresUrl, redacts_its_password_from_a_message) {
  Result<PostgresUrl> url = PostgresUrl::parse("postgresql://u:pa%20ss@h/d");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->redact("could not use \"pa ss\"\n\tand pa ss\n"),
            "could not use \"***\" \tand ***");
}

TEST(PostgresUrl, chooses_one_of_several_hosts_at_a_time) {
  Result<PostgresUrl> url = PostgresUrl::parse("postgresql://u@a:1,b:2/d");
  ASSERT_TRUE(url.has_value());
  ASSERT_EQ(url->host_count(), 2U);
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(url->host(1), (Parameters{{"host", "b"}, {"port", "2"}}));
  EXPECT_EQ(url->host(2), url->host(0));
}

struct KindRow {
  const char* sqlstate;
  ErrorKind kind;
};
void PrintTo(const KindRow& row, std::ostream* out) {
  *out << row.sqlstate;
}

class SqlstateKind : public testing::TestWithParam<KindRow> {};

TEST_P(SqlstateKind, says_what_may_be_done) {
  const PgFailure failure{GetParam().sqlstate, "ERROR", "text"};
  EXPECT_EQ(error_of(failure).kind, GetParam().kind);
}

INSTANTIATE_TEST_SUITE_P(States, SqlstateKind,
                         testing::Values(KindRow{"57014", ErrorKind::timeout},
                                         KindRow{"55P03", ErrorKind::timeout},
                                         KindRow{"42501", ErrorKind::permission_denied},
                                         KindRow{"42P01", ErrorKind::schema_mismatch},
                                         KindRow{"25006", ErrorKind::unavailable},
                                         KindRow{"40P01", ErrorKind::unavailable},
                                         KindRow{"53300", ErrorKind::unavailable},
                                         KindRow{"57P01", ErrorKind::unavailable},
                                         KindRow{"23514", ErrorKind::invalid_input},
                                         KindRow{"P0001", ErrorKind::invalid_input},
                                         KindRow{"XX000", ErrorKind::unknown}),
                         [](const auto& info) { return std::string(info.param.sqlstate); });

}  // namespace
}  // namespace holdfast
