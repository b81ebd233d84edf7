// Uses every call of posthog-go once. The argument is a JSON object: host, token, unique (names
// the distinct ids), uuid and timestamp of one event, and optionally batch (events in a request),
// gzip, historical, and secret_key (flags are then evaluated here, from the server's definitions).
// Prints what failed, what the flag calls answered, and the requests that were made.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/posthog/posthog-go"
)

type settings struct {
	Host       string    `json:"host"`
	Token      string    `json:"token"`
	Unique     string    `json:"unique"`
	Uuid       string    `json:"uuid"`
	Timestamp  time.Time `json:"timestamp"`
	Batch      int       `json:"batch"`
	Gzip       bool      `json:"gzip"`
	Historical bool      `json:"historical"`
	SecretKey  string    `json:"secret_key"`
}

// witness notes each request on its way out, and what the library reports of it.
type witness struct {
	mutex     sync.Mutex
	Requests  []string       `json:"requests"`
	Delivered int            `json:"delivered"`
	Errors    []string       `json:"errors"`
	Flags     map[string]any `json:"flags"`
}

func (w *witness) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(request)
	w.mutex.Lock()
	defer w.mutex.Unlock()
	status := "no answer"
	if err == nil {
		status = fmt.Sprint(answer.StatusCode)
	}
	w.Requests = append(w.Requests, fmt.Sprintf("%s %s %s", request.URL.Path,
		request.Header.Get("Content-Encoding"), status))
	return answer, err
}

func (w *witness) fail(text string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.Errors = append(w.Errors, text)
}

func (w *witness) check(what string, err error) {
	if err != nil {
		w.fail(what + ": " + err.Error())
	}
}

func (w *witness) Success(posthog.APIMessage) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.Delivered++
}

func (w *witness) Failure(_ posthog.APIMessage, err error) { w.fail(err.Error()) }

// The library's own log: warnings and errors are failures of the test.
func (w *witness) Debugf(string, ...interface{}) {}
func (w *witness) Logf(string, ...interface{})   {}
func (w *witness) Warnf(format string, values ...interface{}) {
	w.fail(fmt.Sprintf(format, values...))
}
func (w *witness) Errorf(format string, values ...interface{}) {
	w.fail(fmt.Sprintf(format, values...))
}

func main() {
	chosen := settings{Batch: 4}
	seen := &witness{Requests: []string{}, Errors: []string{}, Flags: map[string]any{}}
	if err := json.Unmarshal([]byte(os.Args[1]), &chosen); err != nil {
		panic(err)
	}
	config := posthog.Config{
		Endpoint:               chosen.Host,
		PersonalApiKey:         chosen.SecretKey,
		HistoricalMigration:    chosen.Historical,
		BatchSize:              chosen.Batch,
		Transport:              seen,
		Callback:               seen,
		Logger:                 seen,
		DefaultEventProperties: posthog.NewProperties().Set("service", "shop"),
	}
	if chosen.Gzip {
		config.Compression = posthog.CompressionGzip
	}
	client, err := posthog.NewWithConfig(chosen.Token, config)
	if err != nil {
		panic(err)
	}
	sendEvents(client, chosen, seen)
	askFlags(client, chosen, seen)
	sendExceptions(client, chosen, seen)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	seen.check("close", client.CloseWithContext(ctx))
	if err := client.Enqueue(posthog.Capture{DistinctId: "late", Event: "late"}); !errors.Is(
		err, posthog.ErrClosed) {
		seen.fail("a closed client takes events")
	}
	json.NewEncoder(os.Stdout).Encode(seen)
}

func sendEvents(client posthog.Client, chosen settings, seen *witness) {
	user, visitor, alias := chosen.Unique+"-user", chosen.Unique+"-visitor", chosen.Unique+"-alias"
	group := chosen.Unique + "-group"
	for _, message := range []posthog.Message{
		posthog.Capture{DistinctId: visitor, Event: "$pageview",
			Properties: posthog.NewProperties().Set("$current_url", "https://shop.test/a?b=1")},
		posthog.Capture{DistinctId: user, Event: "signed up", Uuid: chosen.Uuid,
			Timestamp: chosen.Timestamp,
			Properties: posthog.NewProperties().Set("plan", "größte").Set("seats", 3).
				Set("ratio", 0.25).Set("deep", map[string]any{"a": []int{1}}).
				Set("big", 9007199254740993)},
		posthog.Capture{DistinctId: user, Event: "$identify", Properties: posthog.NewProperties().
			Set("$anon_distinct_id", visitor).Set("$set", map[string]any{"city": "Graz"})},
		posthog.Identify{DistinctId: user,
			Properties: posthog.NewProperties().Set("name", "Ada").Set("visits", 2)},
		posthog.Alias{DistinctId: user, Alias: alias},
		posthog.GroupIdentify{Type: "company", Key: group,
			Properties: posthog.NewProperties().Set("name", "Acme").Set("size", 11)},
		&posthog.Capture{DistinctId: user, Event: "grouped",
			Groups: posthog.NewGroups().Set("company", group)},
		posthog.Capture{DistinctId: alias, Event: "by alias"},
		// The library takes the flags of an event only with a secret key.
		posthog.Capture{DistinctId: user, Event: "with flags",
			SendFeatureFlags: posthog.SendFeatureFlags(chosen.SecretKey != "")},
	} {
		seen.check("enqueue", client.Enqueue(message))
	}
}

func askFlags(client posthog.Client, chosen settings, seen *witness) {
	user := chosen.Unique + "-user"
	value, err := client.GetFeatureFlag(posthog.FeatureFlagPayload{Key: "new-shop", DistinctId: user})
	seen.check("flag", err)
	seen.Flags["value"] = value
	value, err = client.IsFeatureEnabled(
		posthog.FeatureFlagPayload{Key: "new-cart", DistinctId: user})
	seen.check("flag enabled", err)
	seen.Flags["enabled"] = value
	payload, err := client.GetFeatureFlagPayload(
		posthog.FeatureFlagPayload{Key: "new-shop", DistinctId: user})
	seen.check("flag payload", err)
	seen.Flags["payload"] = payload
	_, err = client.GetFeatureFlagResult(
		posthog.FeatureFlagPayload{Key: "new-shop", DistinctId: user})
	seen.Flags["not_found"] = errors.Is(err, posthog.ErrFlagNotFound)
	all, err := client.GetAllFlags(posthog.FeatureFlagPayloadNoKey{DistinctId: user})
	seen.check("all flags", err)
	seen.Flags["all"] = len(all)
	if chosen.SecretKey != "" {
		seen.check("reload flags", client.ReloadFeatureFlags())
		definitions, err := client.GetFeatureFlags()
		seen.check("flag definitions", err)
		seen.Flags["definitions"] = len(definitions)
	}
}

func sendExceptions(client posthog.Client, chosen settings, seen *witness) {
	user := chosen.Unique + "-user"
	seen.check("exception", client.Enqueue(posthog.NewDefaultException(
		chosen.Timestamp, user, "ValueError", "something broke")))
	logger := slog.New(posthog.NewSlogCaptureHandler(
		slog.NewTextHandler(io.Discard, nil), client,
		posthog.WithDistinctIDFn(func(context.Context, slog.Record) string { return user })))
	logger.Info("not sent")
	logger.Warn("cart is slow", "err", errors.New("took too long"))
}
