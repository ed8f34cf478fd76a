package deploy

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// problems are the rules of ours that objects break: what a schema allows and nobody wants in a cluster.
func problems(all []*object) (out []string) {
	c := &cluster{configs: map[string]map[string]string{}}
	for _, o := range all {
		if o.Kind == "ConfigMap" {
			c.configs[o.Metadata.Name] = o.Data
		}
		if pod := o.pod(); pod != nil {
			c.pods = append(c.pods, pod)
		}
	}
	for _, o := range all {
		c.at = o.Kind + " " + o.Metadata.Name
		c.object(o)
	}
	c.fenced(all)
	return c.found
}

// cluster is what is looked at, and where.
type cluster struct {
	configs map[string]map[string]string
	pods    []*template
	at      string
	found   []string
}

func (c *cluster) wrong(format string, args ...any) {
	c.found = append(c.found, c.at+": "+fmt.Sprintf(format, args...))
}

func (c *cluster) object(o *object) {
	switch pod := o.pod(); {
	case o.Kind == "Secret":
		c.wrong("a secret stands in the files")
	case o.Kind == "PodDisruptionBudget" && !slices.ContainsFunc(c.pods, func(p *template) bool { return o.Spec.Selector.chooses(p.Metadata.Labels) }):
		c.wrong("it is of no pod")
	case pod != nil:
		c.pod(pod)
		if !o.Spec.Selector.chooses(pod.Metadata.Labels) {
			c.wrong("it does not choose its own pods")
		}
	}
}

func (c *cluster) pod(p *template) {
	if !p.Spec.SecurityContext.RunAsNonRoot || p.Spec.SecurityContext.RunAsUser == 0 {
		c.wrong("it may run as root")
	}
	volumes := map[string]volume{}
	for _, v := range p.Spec.Volumes {
		volumes[v.Name] = v
		c.volume(v)
	}
	for _, k := range p.Spec.Containers {
		c.container(k, volumes)
	}
}

func (c *cluster) volume(v volume) {
	switch {
	case v.ConfigMap != nil && c.configs[v.ConfigMap.Name] == nil:
		c.wrong("there is no ConfigMap %s", v.ConfigMap.Name)
	case v.Secret != nil && !contains(secrets, v.Secret.Name):
		c.wrong("docs/deploy.md does not say how to make the secret %s", v.Secret.Name)
	case v.Empty != nil && v.Empty.SizeLimit == "":
		c.wrong("the volume %s has no bound", v.Name)
	}
}

func (c *cluster) container(k container, volumes map[string]volume) {
	s := k.SecurityContext
	if s.Escalation == nil || *s.Escalation || !s.ReadOnlyRoot || !contains(s.Capabilities.Drop, "ALL") {
		c.wrong("the container %s may more than it needs", k.Name)
	}
	if k.Resources.Requests["cpu"] == "" || k.Resources.Requests["memory"] == "" || k.Resources.Limits["memory"] == "" {
		c.wrong("the container %s has no resources", k.Name)
	}
	if i := strings.LastIndexByte(k.Image, ':'); i < strings.LastIndexByte(k.Image, '/')+1 || strings.HasSuffix(k.Image, ":latest") {
		c.wrong("the image %s is of no version", k.Image)
	}
	c.probes(k)
	c.environment(k)
	c.room(k, volumes)
}

// probes are where something listens.
func (c *cluster) probes(k container) {
	ports := map[string]bool{}
	for _, p := range k.Ports {
		ports[p.Name] = true
	}
	for what, p := range map[string]*probe{"started": k.Startup, "alive": k.Liveness, "ready": k.Readiness} {
		switch {
		case p == nil && len(ports) > 0:
			c.wrong("nobody asks the container %s whether it is %s", k.Name, what)
		case p != nil && !ports[p.Get.Port]:
			c.wrong("the container %s is asked whether it is %s at %q, where it does not listen", k.Name, what, p.Get.Port)
		}
	}
}

// secretName is a name whose value nobody should read in a file.
var secretName = regexp.MustCompile(`PASSWORD|SECRET|TOKEN|ACCESS_KEY|CLIENT_ID`)

func (c *cluster) environment(k container) {
	for _, from := range k.EnvFrom {
		if c.configs[from["configMapRef"].Name] == nil {
			c.wrong("there is no ConfigMap %s", from["configMapRef"].Name)
		}
	}
	for _, v := range k.Env {
		switch {
		case secretName.MatchString(v.Name) && (v.From == nil || v.From.Secret == nil):
			c.wrong("%s is no reference to a secret", v.Name)
		case v.From == nil:
		case v.From.Secret != nil && !contains(secrets, v.From.Secret.Name):
			c.wrong("docs/deploy.md does not say how to make the secret %s", v.From.Secret.Name)
		case v.From.ConfigMap != nil && c.configs[v.From.ConfigMap.Name][v.From.ConfigMap.Key] == "":
			c.wrong("the ConfigMap %s has no %s", v.From.ConfigMap.Name, v.From.ConfigMap.Key)
		}
	}
}

// room says whether volumes are there, and copies, with all that is written, fit where they are kept.
func (c *cluster) room(k container, volumes map[string]volume) {
	env, sum, cache := c.values(k), int64(0), ""
	for _, m := range k.Mounts {
		v, ok := volumes[m.Name]
		if !ok {
			c.wrong("the volume %s is mounted and not there", m.Name)
		}
		if v.Empty == nil {
			continue
		}
		n := quantity(v.Empty.SizeLimit)
		if sum += n; m.Path == env["PARLEY_CACHE_DIR"] {
			cache = m.Path
			if bytes, err := strconv.ParseInt(env["PARLEY_CACHE_BYTES"], 10, 64); err != nil || bytes >= n {
				c.wrong("copies may take %s bytes of the %d of their volume", env["PARLEY_CACHE_BYTES"], n)
			}
		}
	}
	if env["PARLEY_STATE"] != "" && cache == "" {
		c.wrong("the container %s keeps copies where no volume is", k.Name)
	}
	if limit := k.Resources.Limits["ephemeral-storage"]; limit != "" && quantity(limit) < sum {
		c.wrong("the volumes of the container %s may take %d bytes, and it may take %s", k.Name, sum, limit)
	}
}

// values is the environment of a container as far as it stands in the files; of the rest the names.
func (c *cluster) values(k container) map[string]string {
	out := map[string]string{}
	for _, from := range k.EnvFrom {
		maps.Copy(out, c.configs[from["configMapRef"].Name])
	}
	for _, v := range k.Env {
		if out[v.Name] = v.Value; v.From != nil {
			out[v.Name] = "of " + v.Name
		}
	}
	return out
}

// fenced says which pods no policy shuts off, so that anybody may reach them and they anybody.
func (c *cluster) fenced(all []*object) {
	for _, p := range c.pods {
		for _, direction := range []string{"Ingress", "Egress"} {
			shut := func(o *object) bool {
				return o.Kind == "NetworkPolicy" && contains(o.Spec.PolicyTypes, direction) && o.Spec.PodSelector.chooses(p.Metadata.Labels)
			}
			if !slices.ContainsFunc(all, shut) {
				c.at = "the pods " + p.Metadata.Labels["app.kubernetes.io/name"]
				c.wrong("no policy is about %s", direction)
			}
		}
	}
}

// quantity reads bytes as Kubernetes writes them; 0 for what is none.
func quantity(text string) int64 {
	for unit, factor := range map[string]int64{"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			n, _ := strconv.ParseInt(number, 10, 64) // 0 for no number
			return n * factor
		}
	}
	return 0
}

func contains(list []string, want string) bool { return slices.Contains(list, want) }
