// The commands of the server.
#include "runner/cli/command_parser.hpp"

namespace assay {
namespace {

constexpr const char* k_serve_footer =
    R"(It speaks the protocol of Langfuse's SDKs and of OpenTelemetry (http/protobuf and JSON to
/api/public/otel/v1/traces): set LANGFUSE_BASE_URL to its address.

The first start makes an organisation, a project and a key pair and prints the pair once;
variables of the environment name them instead, all with LANGFUSE_INIT_ before:

  ORG_ID                                 makes the organisation; all others need it
  ORG_NAME
  PROJECT_ID, PROJECT_NAME
  PROJECT_RETENTION                      days that data is kept, 3 or more; 0 = for ever
  PROJECT_PUBLIC_KEY, PROJECT_SECRET_KEY
  USER_EMAIL, USER_PASSWORD, USER_NAME   an owner of the organisation

What they name is made at any start when it is not there, and never changed.

SALT and ENCRYPTION_KEY come from the environment, or from the files `salt` and
`encryption_key`, which are made in the data folder. ADMIN_API_KEY is the operator's key.
It ends on SIGTERM or SIGINT, once the requests that it has are answered.

--config names a YAML file whose keys are these options without the dashes; lists for
those that are repeatable. The command line wins. Paths in it are relative to it:

  data: /var/lib/assay
  host: 0.0.0.0
  public: true
  tls-cert: assay.pem
  tls-key: assay.key
  allow-host: [assay.example.org]

Behind a proxy: name it with --trusted-proxy, and X-Forwarded-For, -Proto and -Host are
believed from it, and from nobody else.

Examples:
  assay serve
  assay serve --data /var/lib/assay --log json
  assay serve --config /etc/assay.yaml --port 8443
  assay serve --host 0.0.0.0 --public --tls-cert assay.pem --tls-key assay.key
  assay serve --host 10.0.0.5 --public --tls-by-proxy --trusted-proxy 10.0.0.2 \
      --allow-host assay.example.org --base-path /assay

Exit codes: 0 ended by a signal · 2 the command line, the file or a variable is wrong
4 it cannot listen, or the store cannot be used)";

constexpr const char* k_keys_footer =
    R"(create makes a key pair and prints it; its secret cannot be shown again. list shows the
keys, never a secret. revoke ends one: requests with it are refused from then on.
A server on the same folder need not be restarted.

Examples:
  assay keys create --note "CI"
  assay keys create --organization default
  assay keys list
  assay keys revoke pk-lf-0f3c2a71-5a0e-4a7e-9f63-d9f2c1b8a7e4

Exit codes: 0 done · 2 the command line is wrong, or there is no such key, project or store)";

void add_data(CLI::App* sub, std::string& data) {
    sub->add_option("--data", data, "Folder of the store")->type_name("DIR")->capture_default_str();
}

}  // namespace

void CommandParser::add_serve() {
    auto [sub, a] = command<ServeArguments>("serve", "Serve a store to SDKs, programs and people",
                                            k_serve_footer);
    sub->add_option("--config", a->config, "File with the other options, in YAML")
        ->type_name("FILE");
    add_data(sub, a->data);
    sub->add_option("--host", a->host, "Address to listen at")
        ->type_name("ADDRESS")
        ->capture_default_str();
    sub->add_option("--port", a->port, "Port to listen at; 0 takes one that is free")
        ->type_name("N")
        ->check(whole_number(0))
        ->capture_default_str();
    sub->add_flag("--public", a->is_public,
                  "Listen at an address that other machines reach; needs TLS, or --tls-by-proxy");
    const auto add_list = [sub](const char* name, std::vector<std::string>& list, const char* help,
                                const char* type) {
        sub->add_option(name, list, help)->type_name(type)->allow_extra_args(false);
    };
    add_list("--allow-host", a->allow_hosts,
             "Answer to this name in the Host header too (repeatable)", "NAME");
    sub->add_option("--base-path", a->base_path, "Serve everything below this path")
        ->type_name("PATH");
    add_list("--trusted-proxy", a->trusted_proxies,
             "Believe this proxy, or network of them, who asks (repeatable)", "ADDRESS");
    sub->add_option("--tls-cert", a->tls_certificate, "Certificate with its chain, in PEM")
        ->type_name("FILE");
    sub->add_option("--tls-key", a->tls_key, "Its private key, in PEM")->type_name("FILE");
    sub->add_flag("--tls-by-proxy", a->tls_by_proxy,
                  "A proxy before it speaks TLS, and nobody else reaches it");
    const std::vector<std::string> forms = {"text", "json"};
    suggestions_[sub->add_option("--log", a->log, "Form of the log on stderr: text or json")
                     ->type_name("FORM")
                     ->check(one_of("form", forms))
                     ->capture_default_str()] = forms;
    sub->add_flag("--log-requests", a->logs_requests,
                  "A line of the log for each request: method, path, status, time, who asks");
    sub->parse_complete_callback([sub, a] {
        for (const CLI::Option* const option : sub->get_options()) {
            if (option->count() > 0) a->given.insert(option->get_single_name());
        }
    });
}

void CommandParser::add_keys() {
    auto [sub, a] = command<KeysArguments>("keys", "Make, list or revoke the API keys of a store",
                                           k_keys_footer);
    const std::vector<std::string> actions = {"create", "list", "revoke"};
    suggestions_[sub->add_option("ACTION", a->action, "create, list or revoke")
                     ->required()
                     ->check(one_of("action", actions))] = actions;
    sub->add_option("KEY", a->key, "revoke: the id or the public key of one");
    add_data(sub, a->data);
    CLI::Option* const project =
        sub->add_option("--project", a->project, "create: for this project [the only one]")
            ->type_name("ID");
    sub->add_option("--organization", a->organization,
                    "create: for this organisation, to administer its projects")
        ->type_name("ID")
        ->excludes(project);
    sub->add_option("--note", a->note, "create: what it is for")->type_name("TEXT");
    sub->add_flag("--json", a->json, "For machines");
}

}  // namespace assay
