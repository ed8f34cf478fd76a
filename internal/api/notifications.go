package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/notification"
	"github.com/parley-hq/parley/internal/wire"
)

// notificationRoutes are those of channels, over which programs that wait for something are told of it: schedulers and
// extractors that wait for the day they want.
func (s *Server) notificationRoutes() []route {
	const one, subscriptions = wire.PathChannels + "/{channelId}", wire.PathChannels + "/{channelId}/subscriptions"
	return []route{
		{"GET", wire.PathTopics, s.availableTopics, token},
		{"GET", wire.PathChannels, s.listChannels, token},
		{"POST", wire.PathChannels, s.createChannel, token},
		{"GET", one, s.channelOfClient, token}, // the platform has it for HEAD alone
		{"GET", subscriptions, s.listSubscriptions, token},
		{"POST", subscriptions, s.addSubscriptions, token},
		{"PUT", subscriptions, s.replaceSubscriptions, token},
		{"DELETE", subscriptions, s.removeSubscriptions, token},
		// Websocket clients, with an address that they were given. What lets them in is the id of the channel.
		{"GET", pathSockets + "{channelId}", s.connect, nothing},
	}
}

const pathSockets = "/channels/"

// topic is one that channels can be subscribed to.
type topic struct {
	wire.AvailableTopic

	permission access.Permission
}

var topics = []topic{{
	AvailableTopic: wire.AvailableTopic{
		ID:          wire.TopicAvailability,
		Description: "The nightly batch has ended: the date and time up to which the data behind jobs is complete.",
		Schema: jsontext.Value(`{"type":"object","properties":{"dataAvailabilityDate":{"type":"string","format":"date-time",` +
			`"description":"Date and time before which data is guaranteed to be available in the datalake"}}}`),
		Transports: []string{"Websocket"},
		Paths:      []string{wire.PathJobs + "/availability"},
		Enforced:   true, Visibility: "Public",
	},
	permission: access.ViewDetails,
}}

// noNotifications answers where nothing happens that clients could be told of.
const noNotifications = "This server has no notifications. Ask GET /api/v2/analytics/conversations/details/jobs/availability now and then; " +
	"the platform and a sandbox tell of it over a channel."

func noChannels() error {
	return &fault.Error{Kind: fault.NotFound, Code: "route.not.found", Message: noNotifications}
}

// channels are those of the client's organization.
func (x *exchange) channels() (*notification.Channels, error) {
	if _, err := x.views(); err != nil {
		return nil, err
	}
	if channels := x.server.cfg.Channels[x.client.Organization]; channels != nil {
		return channels, nil
	}
	return nil, noChannels()
}

// availableTopics answers GET /api/v2/notifications/availabletopics.
func (*Server) availableTopics(x *exchange) error {
	if _, err := x.channels(); err != nil {
		return err
	}
	values, err := x.query()
	if err != nil {
		return err
	}
	out := wire.Entities[wire.AvailableTopic]{Entities: []wire.AvailableTopic{}}
	expand := parameters{values}.list("expand")
	for _, t := range topics {
		out.Entities = append(out.Entities, t.expanded(expand))
	}
	return x.send(http.StatusOK, out)
}

// expanded is a topic with what is asked for of it.
func (t topic) expanded(fields []string) wire.AvailableTopic {
	out := wire.AvailableTopic{ID: t.ID}
	for _, f := range fields {
		switch f {
		case "description":
			out.Description = t.Description
		case "requiresPermissions":
			out.RequiresPermissions = []string{string(t.permission)}
		case "schema":
			out.Schema = t.Schema
		case "transports":
			out.Transports = t.Transports
		case "publicApiTemplateUriPaths":
			out.Paths = t.Paths
		case "enforced":
			out.Enforced = t.Enforced
		case "visibility":
			out.Visibility = t.Visibility
		}
	}
	return out
}

// shown is a channel as its client sees it, with an address at the host that the client asked.
func (x *exchange) shown(c notification.Channel) wire.Channel {
	at := url.URL{Scheme: "ws", Host: x.r.Host, Path: pathSockets + c.ID}
	if x.r.TLS != nil {
		at.Scheme = "wss"
	}
	return wire.Channel{ConnectURI: at.String(), ID: c.ID, Expires: wire.Date(c.Expires)}
}

// listChannels answers GET /api/v2/notifications/channels.
func (*Server) listChannels(x *exchange) error {
	channels, err := x.channels()
	if err != nil {
		return err
	}
	out := wire.Entities[wire.Channel]{Entities: []wire.Channel{}}
	for _, c := range channels.List(string(x.client.ID)) {
		out.Entities = append(out.Entities, x.shown(c))
	}
	return x.send(http.StatusOK, out)
}

// createChannel answers POST /api/v2/notifications/channels.
func (*Server) createChannel(x *exchange) error {
	channels, err := x.channels()
	if err != nil {
		return err
	}
	return x.send(http.StatusOK, x.shown(channels.Create(string(x.client.ID))))
}

// channelOfClient answers HEAD /api/v2/notifications/channels/{channelId}.
func (*Server) channelOfClient(x *exchange) error {
	channels, err := x.channels()
	if err != nil {
		return err
	}
	c, err := channels.Find(string(x.client.ID), x.params["channelId"])
	if err != nil {
		return err
	}
	return x.send(http.StatusOK, x.shown(c))
}

// listSubscriptions answers GET /api/v2/notifications/channels/{channelId}/subscriptions.
func (*Server) listSubscriptions(x *exchange) error {
	channels, err := x.channels()
	if err != nil {
		return err
	}
	ids, err := channels.Topics(string(x.client.ID), x.params["channelId"])
	if err != nil {
		return err
	}
	return x.sendTopics(ids, nil)
}

// sendTopics answers with the topics of a channel, and those that it was refused.
func (x *exchange) sendTopics(ids []string, refused []wire.ChannelTopic) error {
	out := wire.Entities[wire.ChannelTopic]{Entities: []wire.ChannelTopic{}}
	for _, id := range ids {
		out.Entities = append(out.Entities, wire.ChannelTopic{ID: id, State: wire.TopicPermitted, SelfURI: x.r.URL.EscapedPath()})
	}
	out.Entities = append(out.Entities, refused...)
	return x.send(http.StatusOK, out)
}

// addSubscriptions answers POST /api/v2/notifications/channels/{channelId}/subscriptions.
func (*Server) addSubscriptions(x *exchange) error { return x.subscribe(false) }

// replaceSubscriptions answers PUT on the same.
func (*Server) replaceSubscriptions(x *exchange) error { return x.subscribe(true) }

func (x *exchange) subscribe(inPlace bool) error {
	channels, err := x.channels()
	if err != nil {
		return err
	}
	owner, id := string(x.client.ID), x.params["channelId"]
	if _, err := channels.Find(owner, id); err != nil { // before what is asked of it is judged
		return err
	}
	ids, refused, err := x.topics()
	if err != nil {
		return err
	}
	if ids, err = channels.Subscribe(owner, id, ids, inPlace); err != nil {
		return err
	}
	return x.sendTopics(ids, refused)
}

// topics reads those of a body: the ones that the client may subscribe to, and if it does not take that for an error also
// those that it may not.
func (x *exchange) topics() (ids []string, refused []wire.ChannelTopic, err error) {
	values, err := x.query()
	if err != nil {
		return nil, nil, err
	}
	asked, err := x.askedTopics()
	if err != nil {
		return nil, nil, err
	}
	for _, id := range asked {
		i := slices.IndexFunc(topics, func(t topic) bool { return t.ID == id })
		if i < 0 {
			return nil, nil, fault.Field("id", "There is no topic %s; this server has those of GET %s", fault.Clip(id), wire.PathTopics)
		}
		needed := topics[i].permission
		err := x.client.Require(needed)
		switch {
		case err == nil:
			ids = append(ids, id)
		case values.Get("ignoreErrors") == "true":
			refused = append(refused, wire.ChannelTopic{
				ID: id, State: wire.TopicRejected, RejectionReason: err.Error(), MissingPermissions: []string{string(needed)}, SelfURI: x.r.URL.EscapedPath(),
			})
		default:
			return nil, nil, err
		}
	}
	return ids, refused, nil
}

// askedTopics reads [{"id":"..."}].
func (x *exchange) askedTopics() ([]string, error) {
	text, err := x.readJSON()
	if err != nil {
		return nil, err
	}
	var body []struct {
		ID string `json:"id"`
	}
	if jsontext.Value(text).Kind() != '[' || json.Unmarshal(text, &body) != nil {
		return nil, fault.New(fault.Invalid, `%s The body must be a JSON array of topics, as [{"id":"%s"}]`, standard["bad.request"], wire.TopicAvailability)
	}
	ids := make([]string, len(body))
	for i, t := range body {
		ids[i] = t.ID
	}
	return ids, nil
}

// removeSubscriptions answers DELETE /api/v2/notifications/channels/{channelId}/subscriptions.
func (*Server) removeSubscriptions(x *exchange) error {
	channels, err := x.channels()
	if err != nil {
		return err
	}
	if _, err := channels.Subscribe(string(x.client.ID), x.params["channelId"], nil, true); err != nil {
		return err
	}
	x.out.WriteHeader(http.StatusNoContent)
	return nil
}

// connect makes a request the websocket of a channel.
func (s *Server) connect(x *exchange) error {
	if len(s.cfg.Channels) == 0 {
		return noChannels()
	}
	if !x.mayConnect() {
		return fault.New(fault.Forbidden, "Pages of %s may not connect; --allow-origin allows it", fault.Clip(x.r.Header.Get("Origin")))
	}
	for _, channels := range s.cfg.Channels {
		if channels.Has(x.params["channelId"]) {
			return channels.Connect(x.out, x.r, x.params["channelId"])
		}
	}
	return notification.NotThere()
}

// mayConnect says whether the page that connects may, if it is one. Browsers let pages connect to whatever they like, and
// leave it to the server.
func (x *exchange) mayConnect() bool {
	origins, page := x.server.cfg.Origins, x.r.Header.Get("Origin")
	if page == "" || slices.Contains(origins, "*") || slices.Contains(origins, page) {
		return true
	}
	u, err := url.Parse(page)
	return err == nil && strings.EqualFold(u.Host, x.r.Host)
}
