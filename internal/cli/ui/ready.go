package ui

// Ready says, on one line of JSON, where a server listens and whom it serves.
func (s *Streams) Ready(url, id, secret string) error {
	return s.JSON(struct {
		URL    string `json:"url"`
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}{url, id, secret})
}
