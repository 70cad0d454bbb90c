#include "keys/key_plan.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "crypto/secp256k1.h"
#include "keys/keystore_merge.h"

namespace holdfast {
namespace {

using RemoteSigner = std::shared_ptr<const RemoteSignerConfig>;

Error refused(const KeystorePlace& place, std::string_view reason) {
  return Error{ErrorKind::invalid_input, fmt::format("{}: {}", place.text(), reason)};
}

std::string_view not_yet(LaterForm form) noexcept {
  switch (form) {
    case LaterForm::mnemonic:
      return "this version cannot use mnemonics yet: write the private key, or the address and a "
             "remote signer that holds the key";
    case LaterForm::encrypted_file:
      return "this version cannot use encrypted key files ({path, password}) yet: write the "
             "private key, or the address and a remote signer that holds the key";
    case LaterForm::unknown:
      break;
  }
  return "this version cannot use this form of account";
}

bool is_same_source(const PlannedKey& key, const RemoteSigner& signer) {
  const auto* const known = std::get_if<RemoteSigner>(&key.source);
  return known != nullptr && **known == *signer;
}

class Planner {
 public:
  Planner(std::vector<KeystoreFile> files, MergedDefaults defaults)
      : files_(std::move(files)), defaults_(std::move(defaults)) {}

  Result<KeyPlan> plan() {
    for (KeystoreFile& file : files_) {
      Result<void> done = plan_file(file);
      if (!done) return std::move(done).error();
    }
    warn();
    return std::move(plan_);
  }

 private:
  Result<void> plan_file(KeystoreFile& file) {
    if (file.validators) {
      for (KeystoreValidator& validator : *file.validators) {
        Result<void> done = plan_validator(file, validator);
        if (!done) return done;
      }
    }
    Result<std::vector<Address>> slashers =
        addresses(file.slashers, defaults_.remote_signer, {.publisher = true});
    if (!slashers) return std::move(slashers).error();
    plan_.slashers.insert(plan_.slashers.end(), slashers->begin(), slashers->end());
    if (file.prover) {
      Result<std::vector<Address>> publishers =
          addresses(file.prover->publishers, defaults_.remote_signer, {.publisher = true});
      if (!publishers) return std::move(publishers).error();
      plan_.prover = PlannedProver{file.prover->id, std::move(*publishers)};
    }
    if (file.funding_account) return plan_funding(*file.funding_account);
    return {};
  }

  Result<void> plan_funding(KeystoreAccount& account) {
    const Result<Address> funding = address(account, defaults_.remote_signer, {.publisher = true});
    if (!funding) return funding.error();
    if (plan_.funding_account && *plan_.funding_account != *funding) {
      return refused(account.place, "another file has another top-level fundingAccount");
    }
    plan_.funding_account = *funding;
    return {};
  }

  Result<void> plan_validator(KeystoreFile& file, KeystoreValidator& validator) {
    const RemoteSigner signer =
        validator.remote_signer ? validator.remote_signer : defaults_.remote_signer;
    PlannedValidator planned;
    planned.place = validator.place;
    if (validator.attesters.empty()) return refused(validator.place, "its attester list is empty");
    for (KeystoreAttester& attester : validator.attesters) {
      Result<PlannedAttester> one = plan_attester(attester, signer);
      if (!one) return std::move(one).error();
      planned.attesters.push_back(std::move(*one));
    }
    Result<std::vector<Address>> publishers = plan_publishers(file, validator, signer, planned);
    if (!publishers) return std::move(publishers).error();
    planned.publishers = std::move(*publishers);
    planned.coinbase = validator.coinbase ? validator.coinbase : file.coinbase;
    // The parser saw to it that there is one of the two.
    planned.fee_recipient =
        validator.fee_recipient ? *validator.fee_recipient : file.fee_recipient.value();
    if (validator.funding_account) {
      const Result<Address> funding =
          address(*validator.funding_account, signer, {.publisher = true});
      if (!funding) return funding.error();
      planned.funding_account = *funding;
    }
    plan_.validators.push_back(std::move(planned));
    return {};
  }

  Result<PlannedAttester> plan_attester(KeystoreAttester& attester, const RemoteSigner& signer) {
    if (attester.bls && !attester.bls->key) {
      return refused(attester.bls->place,
                     "this version cannot use encrypted BLS key files yet: write the BLS private "
                     "key, or leave bls out (signing does not need it)");
    }
    const KeystorePlace place = attester.account.place;
    const Result<Address> resolved = address(attester.account, signer, {.attester = true});
    if (!resolved) return resolved.error();
    const auto [first, inserted] = attester_places_.emplace(*resolved, place);
    if (!inserted) {
      return refused(place, fmt::format("attester {} is a duplicate of {}; an attester may appear "
                                        "only once over all files",
                                        to_text(*resolved), first->second.text()));
    }
    PlannedAttester planned{*resolved, std::nullopt, place};
    if (attester.bls) planned.bls = std::move(attester.bls->key);
    return planned;
  }

  Result<std::vector<Address>> plan_publishers(KeystoreFile& file, KeystoreValidator& validator,
                                               const RemoteSigner& signer,
                                               const PlannedValidator& planned) {
    if (!validator.publishers && !file.publishers) {
      std::vector<Address> attesters;
      for (const PlannedAttester& attester : planned.attesters) {
        attesters.push_back(attester.address);
        plan_.keys.at(attester.address).roles.publisher = true;
      }
      return attesters;
    }
    const bool own = validator.publishers.has_value();
    std::vector<KeystoreAccount>& accounts = own ? *validator.publishers : *file.publishers;
    if (accounts.empty()) {
      return refused(validator.place,
                     "its publisher list is empty: name a publisher, or leave "
                     "publisher out to publish with the attester's key");
    }
    Result<std::vector<Address>> publishers = addresses(accounts, signer, {.publisher = true});
    if (!publishers || own) return publishers;
    const std::set<Address> unique(publishers->begin(), publishers->end());
    if (default_publishers_ && default_publishers_->addresses != unique) {
      return Error{ErrorKind::invalid_input,
                   fmt::format("{}: publisher: others than in {}, and the top-level publishers of "
                               "all files count together: give each validator its own publisher, "
                               "or name the same ones in both",
                               *file.file, *default_publishers_->file)};
    }
    default_publishers_ = DefaultPublishers{file.file, unique};
    return publishers;
  }

  Result<std::vector<Address>> addresses(std::vector<KeystoreAccount>& accounts,
                                         const RemoteSigner& signer, KeyRoles roles) {
    std::vector<Address> resolved;
    for (KeystoreAccount& account : accounts) {
      const Result<Address> one = address(account, signer, roles);
      if (!one) return one.error();
      if (std::ranges::find(resolved, *one) == resolved.end()) resolved.push_back(*one);
    }
    return resolved;
  }

  /** The account's address, whose key is in the plan with these roles from now on. */
  Result<Address> address(KeystoreAccount& account, const RemoteSigner& fallback, KeyRoles roles) {
    if (const auto* later = std::get_if<LaterForm>(&account.source)) {
      return refused(account.place, not_yet(*later));
    }
    if (auto* local = std::get_if<LocalKeyAccount>(&account.source)) {
      return local_address(account.place, *local, roles);
    }
    const auto& remote = std::get<RemoteAccount>(account.source);
    const RemoteSigner& signer = remote.signer ? remote.signer : fallback;
    if (!signer) {
      return refused(account.place,
                     fmt::format("no remote signer for address {}: set remoteSigner for the "
                                 "validator or the file, or write {{address, remoteSignerUrl}}",
                                 to_text(remote.address)));
    }
    const auto known = plan_.keys.find(remote.address);
    if (known == plan_.keys.end()) {
      plan_.keys.emplace(remote.address, PlannedKey{signer, roles, account.place});
      return remote.address;
    }
    if (!is_same_source(known->second, signer)) {
      return two_sources(account.place, remote.address, known->second);
    }
    add_roles(known->second, roles);
    return remote.address;
  }

  Result<Address> local_address(const KeystorePlace& place, LocalKeyAccount& local,
                                KeyRoles roles) {
    if (!local.address) {
      const ByteView bytes = local.key.view();
      const Result<Address> derived = address_of_key(PrivateKeyView(bytes.data(), 32));
      if (!derived) {
        return refused(place, "not a private key: it is 0, or not below the group order");
      }
      local.address = *derived;
      plan_.keys.try_emplace(*derived, PlannedKey{std::move(local.key), KeyRoles{}, place});
    }
    PlannedKey& key = plan_.keys.at(*local.address);
    if (!std::holds_alternative<Secret>(key.source)) {
      return two_sources(place, *local.address, key);
    }
    add_roles(key, roles);
    return *local.address;
  }

  static Error two_sources(const KeystorePlace& place, const Address& address,
                           const PlannedKey& known) {
    return refused(place, fmt::format("the key of {} is given in two different ways, here and at "
                                      "{}: keep one of them, everywhere",
                                      to_text(address), known.place.text()));
  }

  static void add_roles(PlannedKey& key, KeyRoles roles) {
    key.roles.attester = key.roles.attester || roles.attester;
    key.roles.publisher = key.roles.publisher || roles.publisher;
  }

  void warn() {
    std::size_t both = 0;
    const Address* example = nullptr;
    for (const auto& [address, key] : plan_.keys) {
      if (!key.roles.attester || !key.roles.publisher) continue;
      if (example == nullptr) example = &address;
      ++both;
    }
    if (both > 0) {
      plan_.warnings.push_back(fmt::format(
          "{} attester key(s) also sign L1 transactions ({}{}), for want of a publisher "
          "or because they are named as one; a publisher of its own keeps funds and "
          "stake apart",
          both, to_text(*example), both > 1 ? " and others" : ""));
    }
    for (const KeystoreFile& file : files_) {
      if (!file.publishers || !file.validators) continue;
      const bool used = std::ranges::any_of(
          *file.validators, [](const KeystoreValidator& v) { return !v.publishers; });
      if (!used) {
        plan_.warnings.push_back(fmt::format(
            "{}: the top-level publisher is not used: every validator has its own", *file.file));
      }
    }
  }

  struct DefaultPublishers {
    std::shared_ptr<const std::string> file;
    std::set<Address> addresses;
  };

  std::vector<KeystoreFile> files_;
  MergedDefaults defaults_;
  KeyPlan plan_;
  std::map<Address, KeystorePlace> attester_places_;
  std::optional<DefaultPublishers> default_publishers_;
};

}  // namespace

Result<KeyPlan> plan_keys(std::vector<KeystoreFile> files) {
  if (files.empty()) return Error{ErrorKind::invalid_input, "no keystore file"};
  Result<MergedDefaults> defaults = merge_defaults(files);
  if (!defaults) return std::move(defaults).error();
  return Planner(std::move(files), std::move(*defaults)).plan();
}

}  // namespace holdfast
